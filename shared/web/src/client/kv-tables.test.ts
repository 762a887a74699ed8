/** @file That a text whose keys and values are in tables of a fixed size is the one that is computed as a whole, of every family. */
import { useBackend } from '@arrowsmith/engine';
import { extendContext, families, forward, tensorsOf, type DecoderConfig } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomModel } from '../random-model.ts';
import { KvTables } from './kv-tables.ts';

beforeAll(() => useBackend('wasm'));

const LENGTH = 40; // of which 16 fit into the first tables, and 32 into the next
const ids = Array.from({ length: LENGTH }, (_, i) => (i * i * 7 + i * 3) % 256);
const PARTS = [8, 4, 1, 1, 4, 1, 16, 1, 2, 1, 1];

/** Of a model computed part by part, and as a whole: [length, d] each. */
function bothWays(
  config: DecoderConfig,
  parameters: ReturnType<typeof tensorsOf>,
): { parts: tf.Tensor; whole: tf.Tensor } {
  const tables = new KvTables(config, { firstCapacity: 16 });
  const run = (part: readonly number[], options?: object) => {
    const hidden = forward(config, parameters, tf.tensor2d([...part], [1, part.length], 'int32'), options);
    return tf.reshape(hidden, [part.length, config.hiddenSize]);
  };
  try {
    let done = 0;
    const parts = PARTS.map((count) => {
      const part = ids.slice(done, (done += count));
      return run(part, { cache: tables.next(part.length) });
    });
    expect(tables.length).toBe(LENGTH);
    return { parts: tf.concat(parts), whole: run(ids) };
  } finally {
    tables.dispose();
  }
}

/** The largest difference, as a share of the largest value. Sums in another order: a few units in the last place of float32, over five layers. */
function expectClose({ parts, whole }: { parts: tf.Tensor; whole: tf.Tensor }): void {
  const largest = tf.max(tf.abs(whole)).dataSync()[0] ?? 0;
  const difference = tf.max(tf.abs(tf.sub(parts, whole))).dataSync()[0] ?? Infinity;
  expect(largest).toBeGreaterThan(0.1);
  expect(difference / largest).toBeLessThan(1e-4);
}

test.each(Object.keys(families))('%s: part by part as at once', (family) => {
  const { config, weights } = randomModel(family);
  const parameters = tensorsOf(weights);
  tf.tidy(() => expectClose(bothWays(config, parameters)));
  tf.dispose(parameters);
});

describe('what families have by options', () => {
  test.each([
    ['caps of scores', 'gemma2', { attentionSoftCap: 2 }],
    ['layers that use keys of others', 'gemma3n', { sharedKvLayers: 2 }],
    ['one head of keys', 'qwen3', { kvHeads: 1 }],
  ])('%s', (_, family, options) => {
    const { config, weights } = randomModel(family, options);
    const parameters = tensorsOf(weights);
    tf.tidy(() => expectClose(bothWays(config, parameters)));
    tf.dispose(parameters);
  });
});

test('nothing is left behind, also where a pass ends in an error', () => {
  const { config, weights } = randomModel('llama3');
  const parameters = tensorsOf(weights);
  const before = tf.memory().numTensors;
  const tables = new KvTables(config, { firstCapacity: 16 });
  const pass = (count: number) =>
    tf.tidy(() => void forward(config, parameters, tf.zeros([1, count], 'int32'), { cache: tables.next(count) }));
  pass(5);
  const held = tf.memory().numTensors;
  for (let i = 0; i < 20; i++) pass(1);
  expect(tf.memory().numTensors).toBe(held);
  const { 'model.layers.3.mlp.down_proj.weight': _missing, ...others } = parameters;
  expect(() => forward(config, others, tf.tensor2d([1], [1, 1], 'int32'), { cache: tables.next(1) })).toThrow(
    /missing/,
  );
  tables.dispose();
  expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 1); // the ids of the pass that failed
  tf.dispose(parameters);
});

test('dual chunk attention, which reads the keys themselves', () => {
  const { config, weights } = randomModel('llama3', { contextLength: 16 });
  const longer = extendContext(config, { method: 'dual-chunk', factor: 3 });
  const parameters = tensorsOf(weights);
  tf.tidy(() => expectClose(bothWays(longer, parameters)));
  tf.dispose(parameters);
});
