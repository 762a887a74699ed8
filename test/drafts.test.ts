/** @file Who drafts for a model that is loaded, by the names that commands and programs have for it. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useBackend } from '@arrowsmith/engine';
import { loadModel, type LoadOptions } from '@arrowsmith/generation';
import { readModel } from '@arrowsmith/quantization/model';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PARAMETERS, type RealChain, realChain } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

let chain: RealChain;
beforeAll(async () => {
  await useBackend('cpu');
  chain = realChain();
  await chain.runUntil('chunk');
  const { steps, batchSize, model } = PARAMETERS.train;
  await chain.run('train', { steps, batchSize, model: { ...model, layers: 2, matformer: { granularities: 2 } } });
  await chain.run('extract', { granularity: 1 }, undefined, { step: 'half' });
  await chain.run('quantize');
});
afterAll(() => chain.remove());

const artifact = (step: string): string => join(chain.workspace.root, 'artifacts/bad', step);

const load = (options: LoadOptions) => loadModel({ backend: 'cpu', folder: artifact('train'), ...options });

/** A form with one token to choose at a time: whoever drafts by the model's rules is sure of it, and right. */
const regularExpression = 'xyzxyzxyz';

async function written(options: LoadOptions) {
  await using model = await load(options);
  const free = await model.generate('The 3', { temperature: 1, maximumTokens: 5, logProbabilities: 1 }).result();
  const formed = await model.generate('a', { regularExpression }).text();
  const { tokens, logProbabilities } = free;
  return { text: { tokens, logProbabilities, formed }, drafts: model.state().drafts };
}

test('drafts leave a text as it is, and are counted, whoever makes them', async () => {
  const { text } = await written({});
  expect(text.formed).toBe(regularExpression);
  for (const draft of ['prompt', '1/2', artifact('half'), artifact('quantize')]) {
    const drafted = await written({ draft, draftTokens: 4 });
    expect(drafted.text).toEqual(text);
    expect(drafted.drafts.accepted).toBeGreaterThan(0);
    expect(drafted.drafts.drafted).toBeGreaterThanOrEqual(drafted.drafts.accepted);
  }
});

test('the half of a quantized model drafts for it', async () => {
  const folder = artifact('quantize');
  const drafted = await written({ folder, draft: '1/2' });
  expect(drafted.text).toEqual((await written({ folder })).text);
  expect(drafted.drafts.accepted).toBeGreaterThan(0);
});

test('the half of a nested model is the one that can be taken out of it, and has the rest of the whole', async () => {
  await using model = await load({ draft: '1/2' });
  const { by } = model.parts.drafts ?? {};
  if (typeof by !== 'object') throw new Error('no model drafts');
  const { config, weights } = await readModel(join(artifact('half'), 'weights.arrow'));
  expect(by.config).toEqual(config);
  expect(Object.keys(by.parameters).toSorted()).toEqual(Object.keys(weights).toSorted());
  for (const [name, { data }] of Object.entries(weights)) {
    const weight = by.parameters[name];
    expect(weight instanceof tf.Tensor && weight.dataSync()).toEqual(data);
    expect(weight === model.parts.model.parameters[name]).toBe(!name.includes('.mlp.'));
  }
});

test('a model that is disposed of leaves nothing of who drafts for it, and neither does one that cannot be', async () => {
  const before = tf.memory().numTensors;
  for (const draft of ['1/2', artifact('half')]) await (await load({ draft })).dispose();
  await expect(load({ draft: '1/4' })).rejects.toThrow('1/4');
  await expect(load({ draft: '1/2', engine: { cacheBytes: 1 } })).rejects.toThrow('does not hold one sequence');
  expect(tf.memory().numTensors).toBe(before);
});

describe('is refused', () => {
  test.each<[string, LoadOptions, RegExp]>([
    ['a width that no model has', { draft: '1/3' }, /who drafts is not understood[^]*1\/2, 1\/4/],
    ['a width that the model does not have', { draft: '1/8' }, /no narrower one[^]*expected: +1\/2\n/],
    ['nobody', { draft: '' }, /who drafts is not understood[^]*nothing/],
    ['a folder without a model', { draft: './nowhere' }, /no such folder/],
    ['a length of drafts without any', { draftTokens: 2 }, /nobody drafts/],
    ['a length that is none', { draft: 'prompt', draftTokens: 0.5 }, /whole number[^]*0\.5/],
  ])('%s', async (_, options, message) => {
    await expect(load(options)).rejects.toThrow(message);
  });

  test('a width of a model that is not nested', async () => {
    await expect(load({ folder: artifact('half'), draft: '1/2' })).rejects.toThrow(/a nested model[^]*of one width/);
  });

  test('a draft model of other tokens, which says of one what it is in each', async () => {
    const path = join(chain.workspace.root, 'other');
    cpSync(join(REPOSITORY, 'test/fixtures/families/llama3'), path, { recursive: true });
    const fixture = readFileSync(join(REPOSITORY, 'test/fixtures/bpe-none.json'), 'utf8');
    writeFileSync(
      join(path, 'tokenizer.json'),
      JSON.stringify((JSON.parse(fixture) as { tokenizer: object }).tokenizer),
    );
    await expect(load({ draft: path })).rejects.toThrow(
      /other tokens than the model[^]*expected: .*whose token \d+ is (none|")[^]*found: .*whose token \d+ is (none|")/,
    );
  });
});
