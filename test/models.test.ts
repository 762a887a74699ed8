/** @file Model families, pretrained models and models within models, through the real stages. */
import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nestedModelsTable, openTensors, readBatches, readTensors } from '@arrowsmith/artifacts';
import type { DecoderConfig } from '@arrowsmith/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectError, PARAMETERS, type RealChain, realChain, type StageName } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

let chain: RealChain;
beforeEach(() => {
  chain = realChain();
});
afterEach(() => chain.remove());

const artifact = (stage: string, file: string): string => join(chain.workspace.root, 'artifacts/bad', stage, file);
const read = (path: string) => readFileSync(path);
const { steps, batchSize, model } = PARAMETERS.train;

test('a model of one word is trained, quantized and evaluated; what needs not be in memory is left in its file', async () => {
  await chain.runUntil('chunk');
  const { metrics, highlights } = await chain.run('train', {
    steps,
    batchSize,
    model: { family: 'gemma3n', hiddenSize: 16 },
  });
  expect(metrics['activeParameters']).toBeLessThan(metrics['parameters']!);
  expect(highlights['parameters']).toMatch(/effective, without per-layer embeddings$/);
  await chain.run('quantize');
  const { metrics: evaluated } = await chain.run('evaluate');
  expect(evaluated['bitsPerByte']).toBeGreaterThan(0);
  // int8 is read whole, float32 by row: they agree but for the rounding of weights.
  expect(Math.abs(evaluated['quantizedBitsPerByte']! / evaluated['bitsPerByte']! - 1)).toBeLessThan(0.02);
});

test('the load of every expert is in the training’s artifact', async () => {
  await chain.runUntil('chunk');
  const experts = { ...model, layers: 2, family: 'qwen3-moe', moe: { experts: 4, topK: 2 } };
  await chain.run('train', { steps: 2, batchSize, model: experts, validation: { every: 1 } });
  const loads: number[] = [];
  for await (const batch of readBatches(artifact('train', 'experts.arrow'), 'expert-load')) {
    for (let row = 0; row < batch.numRows; row++) loads.push(batch.getChild('load')!.get(row) as number);
  }
  expect(loads).toHaveLength(2 * 2 * 4); // steps, layers, experts
  expect(loads.reduce((sum, load) => sum + load, 0)).toBeCloseTo(2 * 2 * 2, 5); // experts per token
});

describe('a nested model', () => {
  const nested = { ...model, layers: 2, matformer: { granularities: 3 } };

  test('is evaluated at every width and in mixtures, the largest first', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', { steps, batchSize, model: nested });
    await chain.run('quantize');
    const { highlights } = await chain.run('evaluate', { ...PARAMETERS.evaluate, nestedModels: [[2, 0]] });
    const models: { granularities: string; trained: number; parameters: number }[] = [];
    for await (const batch of readBatches(artifact('evaluate', 'nested.arrow'), nestedModelsTable.kind)) {
      models.push(...batch.toArray().map((row) => row.toJSON() as (typeof models)[number]));
    }
    expect(models.map(({ granularities, trained }) => [granularities, trained])).toEqual([
      ['0 0', 1],
      ['1 0', 0],
      ['2 0', 0],
      ['1 1', 1],
      ['2 1', 0],
      ['2 2', 1],
    ]);
    expect(models.map(({ parameters }) => parameters)).toEqual(
      models.map(({ parameters }) => parameters).toSorted((a, b) => b - a),
    );
    expect(highlights['models within']).toMatch(/^0 0 .*parameters .*bits per byte/);
  });

  test('gives a model of its own, with which training can go on', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', { steps, batchSize, model: nested });
    await chain.run('extract' as StageName, { granularity: [2, 0] });
    const { metadata } = await openTensors(artifact('extract', 'weights.arrow'));
    const widths = (JSON.parse(metadata['config']!) as DecoderConfig).layers.map(({ ffn }) => ffn.intermediateSize);
    expect(widths).toEqual([4, 16]);

    mkdirSync(join(chain.workspace.root, 'small'));
    copyFileSync(artifact('extract', 'weights.arrow'), join(chain.workspace.root, 'small/weights.arrow')); // what the link leads to
    const same = await chain.run('train', { steps: 0, from: 'small' });
    expect(same.highlights['loss']).toBe('not trained further: the weights of small');
    const [extracted, taken] = await Promise.all(
      ['small/weights.arrow', 'artifacts/bad/train/weights.arrow'].map((path) =>
        readTensors(join(chain.workspace.root, path)),
      ),
    );
    expect(taken!.tensors).toEqual(extracted!.tensors);
    const { metrics } = await chain.run('train', { steps: 3, batchSize, from: 'small' });
    expect(metrics['trainLoss']).toBeGreaterThan(0);
    expect(read(artifact('train', 'weights.arrow'))).not.toEqual(
      read(join(chain.workspace.root, 'small/weights.arrow')),
    );
  });

  test('has no model with so many layers', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', { steps, batchSize, model: nested });
    const extract = 'extract' as StageName;
    await expectError(chain, extract, chain.run(extract, { granularity: [1] }), /for each of 2 layers/, /\[1\]/);
  });
});

describe('a pretrained model', () => {
  test('that does not have all tokens is refused', async () => {
    await chain.runUntil('chunk');
    cpSync(join(REPOSITORY, 'test/fixtures/families/llama3'), join(chain.workspace.root, 'model'), { recursive: true });
    const training = chain.run('train', { steps: 0, from: 'model' });
    await expectError(chain, 'train', training, /embedding for every token/, /at most 64/, /280/, /tokenizer\.file/);
  });

  test('that is not there, or is no model, is refused', async () => {
    await chain.runUntil('chunk');
    await expectError(
      chain,
      'train',
      chain.run('train', { steps: 1, from: 'nowhere' }),
      /no such folder/,
      /train\.from/,
    );
    mkdirSync(join(chain.workspace.root, 'empty'));
    await expectError(chain, 'train', chain.run('train', { steps: 1, from: 'empty' }), /an empty folder/);
  });

  test('of another shape of folder is refused with its architecture', async () => {
    await chain.runUntil('chunk');
    cpSync(join(REPOSITORY, 'test/fixtures/families/llama3'), join(chain.workspace.root, 'model'), { recursive: true });
    chain.write('model/config.json', JSON.stringify({ architectures: ['T5ForConditionalGeneration'] }));
    const training = chain.run('train', { steps: 0, from: 'model' });
    await expectError(chain, 'train', training, /cannot be imported/, /T5ForConditionalGeneration/);
  });
});

test('the loss over longer contexts is told by part, for each way of extending the model', async () => {
  const evaluate = { ...PARAMETERS.evaluate, prompts: ['T'] };
  for (const stage of ['download', 'tokenizer', 'chunk', 'train', 'quantize'] as StageName[]) {
    await chain.run(stage, stage === 'chunk' ? { contextLength: 8 } : {});
  }
  const { highlights } = await chain.run('evaluate', { ...evaluate, longContext: { factor: 3, rows: 2 } });
  expect(highlights['context × 3']).toMatch(/^none +[\d.]+ {2}[\d.]+ {2}[\d.]+ {2}nats[^]*\nyarn [^]*\ndual-chunk /);
  const firsts: number[] = [];
  for await (const batch of readBatches(artifact('evaluate', 'long-context.arrow'), 'long-context')) {
    for (let row = 0; row < batch.numRows; row += 3) firsts.push(batch.getChild('loss')!.get(row) as number);
  }
  // Within what was seen in training, going on as before and dual chunk attention are nearly the same.
  expect(firsts).toHaveLength(3);
  expect(Math.abs(firsts[2]! / firsts[0]! - 1)).toBeLessThan(0.05);
  const tooLong = chain.run('evaluate', { ...evaluate, longContext: { factor: 16 } });
  await expect(tooLong).rejects.toThrow(/shorter than one long context/);
});
