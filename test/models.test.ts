/** @file Model families, pretrained models and models within models, through the real stages. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBatches } from '@arrowsmith/artifacts';
import {
  float32Tensor,
  openSafetensors,
  readHuggingFaceModel,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from '@arrowsmith/formats';
import { fromTokenizerJson } from '@arrowsmith/bpe';
import { loadModel } from '@arrowsmith/generation';
import { readModel } from '@arrowsmith/quantization/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectError, PARAMETERS, type RealChain, realChain, type StageName } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

let chain: RealChain;
beforeEach(() => {
  chain = realChain();
});
afterEach(() => chain.remove());

const artifact = (stage: string, file: string): string => join(chain.workspace.root, 'artifacts/bad', stage, file);
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
  expect(evaluated['train.bitsPerByte']).toBeGreaterThan(0);
  // int8 is read whole, float32 by row: they agree but for the rounding of weights.
  expect(Math.abs(evaluated['quantize.bitsPerByte']! / evaluated['train.bitsPerByte']! - 1)).toBeLessThan(0.02);
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

  test('has models within it that are models like others: evaluated, quantized, and trained on', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', { steps, batchSize, model: nested });
    await chain.run('extract', { granularity: 1 }, undefined, { step: 'half' });
    await chain.run('extract', { granularity: [2, 0] }, undefined, { step: 'mixed' });
    await chain.run('quantize', {}, undefined, { reads: { model: ['mixed'] } });
    const mixed = await readModel(artifact('mixed', 'weights.arrow'));
    expect(mixed.config.layers.map(({ ffn }) => ffn.intermediateSize)).toEqual([4, 16]);

    const models = ['train', 'half', 'mixed', 'quantize'];
    const evaluated = await chain.run('evaluate', {}, undefined, { reads: { models } });
    for (const name of models) expect(evaluated.metrics[`${name}.bitsPerByte`]).toBeGreaterThan(0);
    expect(evaluated.metrics['half.bitsPerByte']).not.toBe(evaluated.metrics['train.bitsPerByte']);
    expect(evaluated.metrics['quantize.addedBitsPerByte']).toBe(
      evaluated.metrics['quantize.bitsPerByte']! - evaluated.metrics['mixed.bitsPerByte']!,
    );
    const table =
      evaluated.highlights[Object.keys(evaluated.highlights).find((label) => label.startsWith('held-out text'))!]!;
    expect(table.split('\n').map((line) => line.split(' ')[0])).toEqual(['model', ...models, 'five-gram']);

    const more = await chain.run('train', { steps: 3, batchSize }, undefined, {
      step: 'more',
      reads: { model: ['mixed'] },
    });
    expect(more.metrics['trainLoss']).toBeGreaterThan(0);
    const trained = await readModel(artifact('more', 'weights.arrow'));
    expect(trained.config).toEqual(mixed.config);
    expect(trained.weights).not.toEqual(mixed.weights);
  });

  test('has no model with so many layers', async () => {
    await chain.runUntil('chunk');
    await chain.run('train', { steps, batchSize, model: nested });
    await expectError(chain, 'extract', chain.run('extract', { granularity: [1] }), /for each of 2 layers/, /\[1\]/);
  });
});

describe('an imported model', () => {
  const FAMILY = join(REPOSITORY, 'test/fixtures/families/llama3');
  const TOKENS = 280;

  /** The fixture's model with embeddings for all tokens of the chain's tokenizer: each row of its own is there several times. */
  async function importable(): Promise<string> {
    const folder = join(chain.workspace.root, 'model');
    mkdirSync(folder);
    const config = JSON.parse(readFileSync(join(FAMILY, 'config.json'), 'utf8')) as { vocab_size: number };
    chain.write('model/config.json', JSON.stringify({ ...config, vocab_size: TOKENS }));
    const source = await openSafetensors(join(FAMILY, 'model.safetensors'));
    const tensors: Record<string, StoredTensor> = {};
    for (const [name, { shape }] of source.tensors) {
      const values = toFloat32(await source.read(name));
      const rows = shape[0] === config.vocab_size ? TOKENS : shape[0]!;
      const width = values.length / shape[0]!;
      const repeated = Float32Array.from({ length: rows * width }, (_, i) => values[i % values.length]!);
      tensors[name] = float32Tensor([rows, ...shape.slice(1)], repeated);
    }
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
    cpSync(artifact('tokenizer', 'tokenizer.json'), join(folder, 'tokenizer.json'), { dereference: true });
    return folder;
  }

  test('has the weights and the configuration of its folder, to the bit, and is evaluated and trained like others', async () => {
    await chain.runUntil('tokenizer');
    const folder = await importable();
    const theirs = await readHuggingFaceModel(folder);
    const { metrics, highlights } = await chain.run('import', { path: 'model' });
    const ours = await readModel(artifact('import', 'weights.arrow'), { whole: true });
    expect(ours.config).toEqual(theirs.config);
    expect(ours.weights).toEqual(theirs.weights);
    expect(metrics['parameters']).toBeGreaterThan(0);
    expect(highlights['imported']).toMatch(/parameters and 280 tokens from model$/);
    expect((await chain.run('import', { path: 'model' })).outcome).toBe('recalled');

    const reads = { tokenizer: ['import'] };
    await chain.run('chunk', {}, undefined, { reads });
    const other = { step: 'more', reads: { ...reads, model: ['import'] } };
    await chain.run('train', { steps: 2, batchSize }, undefined, other);
    const models = ['import', 'more'];
    const { metrics: evaluated } = await chain.run('evaluate', {}, undefined, { reads: { ...reads, models } });
    expect(evaluated['more.bitsPerByte']).not.toBe(evaluated['import.bitsPerByte']);
    expect(evaluated['more.addedBitsPerByte']).toBe(evaluated['more.bitsPerByte']! - evaluated['import.bitsPerByte']!);
  });

  test('is looked at again: another file of the folder is another result', async () => {
    await chain.runUntil('tokenizer');
    const folder = await importable();
    const first = await chain.run('import', { path: 'model' });
    const config = readFileSync(join(folder, 'config.json'), 'utf8');
    chain.write('model/config.json', config.replace('{', '{ '));
    expect((await chain.run('import', { path: 'model' })).key).not.toBe(first.key);
  });

  test('has documents that begin and end as its files say', async () => {
    await chain.runUntil('download');
    await chain.run('tokenizer', {
      ...PARAMETERS.tokenizer,
      specialTokens: ['<|endoftext|>', '<|begin|>', '<|turn|>'],
    });
    const folder = await importable();
    const first = await chain.run('import', { path: 'model' });
    chain.write('model/tokenizer_config.json', JSON.stringify({ add_bos_token: true, bos_token: '<|begin|>' }));
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
    const { specialTokens } = fromTokenizerJson(readFileSync(join(folder, 'tokenizer.json'), 'utf8'), folder);
    const [end, begin, turn] = specialTokens.map(({ id }) => id);
    chain.write('model/config.json', JSON.stringify({ ...config, eos_token_id: [end, turn] }));
    expect((await chain.run('import', { path: 'model' })).key).not.toBe(first.key);

    const reads = { tokenizer: ['import'] };
    await chain.run('chunk', {}, undefined, { reads });
    const rows: number[] = [];
    for await (const batch of readBatches(artifact('chunk', 'train.arrow'), 'tokens'))
      rows.push(...(batch.getChild('tokens')!.get(0) as Iterable<number>));
    expect(rows[0]).toBe(begin);
    expect(rows[rows.indexOf(end!) + 1]).toBe(begin);
    await using loaded = await loadModel({ folder: artifact('import', ''), backend: 'cpu' });
    expect(loaded.parts).toMatchObject({ beginOfText: begin, endOfText: end, endTokens: [turn] });

    await chain.run('export', {}, undefined, { step: 'folder', reads: { ...reads, model: ['import'] } });
    await chain.run('import', { path: 'artifacts/bad/folder' }, undefined, { step: 'again' });
    const metadata = (step: string) =>
      (JSON.parse(readFileSync(artifact(step, 'manifest.json'), 'utf8')) as { metadata: object }).metadata;
    const bounds = { beginOfText: '<|begin|>', endOfText: '<|endoftext|>', endTokens: '["<|turn|>"]' };
    expect(metadata('import')).toMatchObject(bounds);
    expect(metadata('again')).toMatchObject(bounds);
    const small = { format: 'llama2c' };
    const refused = chain.run('export', small, undefined, { reads: { ...reads, model: ['import'] } });
    await expectError(chain, 'export', refused, /begins a text with the token that ends one/, /<\|begin\|>/);
  });

  test('with fewer embeddings than its tokenizer has tokens is refused', async () => {
    await chain.runUntil('tokenizer');
    cpSync(FAMILY, join(chain.workspace.root, 'model'), { recursive: true });
    const tokenizer = 'artifacts/bad/tokenizer/tokenizer.json';
    const importing = chain.run('import', { path: 'model', tokenizer });
    await expectError(
      chain,
      'import',
      importing,
      /embedding for every token/,
      /at most 64/,
      /280 tokens/,
      /import\.tokenizer/,
    );
  });

  test('that is not there, or is no model, or has no tokenizer, is refused', async () => {
    const refused = (path: string, ...words: RegExp[]) =>
      expectError(chain, 'import', chain.run('import', { path }), ...words);
    await refused('nowhere', /no such folder/, /`path` of the import/);
    mkdirSync(join(chain.workspace.root, 'empty'));
    await refused('empty', /an empty folder/);
    cpSync(FAMILY, join(chain.workspace.root, 'model'), { recursive: true });
    await refused('model', /tokenizer of the model cannot be read/, /model\/tokenizer\.json/, /no such file/);
    chain.write('model/tokenizer.json', Buffer.from([0x7b, 0xff, 0x7d]));
    await refused('model', /tokenizer of the model cannot be read/, /bytes that are not UTF-8/);
    chain.write('model/config.json', JSON.stringify({ architectures: ['T5ForConditionalGeneration'] }));
    await chain.runUntil('tokenizer');
    chain.write('model/tokenizer.json', readFileSync(artifact('tokenizer', 'tokenizer.json')));
    await refused('model', /cannot be imported/, /T5ForConditionalGeneration/);
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
  expect(firsts).toHaveLength(6); // three of each model
  expect(Math.abs(firsts[2]! / firsts[0]! - 1)).toBeLessThan(0.05);
  const tooLong = chain.run('evaluate', { ...evaluate, longContext: { factor: 16 } });
  await expect(tooLong).rejects.toThrow(/shorter than one long context/);
});
