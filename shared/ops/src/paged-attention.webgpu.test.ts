/** @file Attention over pages, and what writes them, on the backend webgpu: what the reference operations make of the same. */
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { maskOf } from './block-mask.ts';
import { pagedAttention, type PagedAttentionOptions, writeRows } from './paged-attention.ts';
import { randomTensor } from './testing/errors.ts';

beforeAll(async () => {
  await useBackend('cpu');
  await useBackend('webgpu');
});

/** Three sequences of 5, 70 and 1 keys in blocks of 4, whose last 2, 3 and 1 have queries; blocks lie in no order, and values behind keys. */
const lengths = [5, 70, 1];
const blockSize = 4;
const blockCount = lengths.reduce((sum, length) => sum + Math.ceil(length / blockSize), 0);
const blocks = Array.from({ length: blockCount }, (_, i) => blockSize * ((7 * i + 3) % blockCount));
const slots = blockSize * blockCount;
const layout = { queryOffsets: [0, 2, 5, 6], lengths, blocks, blockSize, keyOffset: 0, valueOffset: slots };
const [HEADS, KV_HEADS, HEAD_DIM] = [4, 2, 40];

const masks: [string, Omit<PagedAttentionOptions, 'scale'>][] = [
  ['all keys', {}],
  ['a window', { window: 3 }],
  ['chunks', { chunk: 16 }],
  ['capped scores', { softCap: 0.5 }],
  ['every third key, and what comes behind', { mask: maskOf((query, key) => (query + key) % 3 === 0) }],
  ['no key for some queries', { mask: maskOf((query, key) => query % 2 === 0 && key < 60) }],
];

test.each(masks)('over pages, with %s', async (_name, options) => {
  const results: Float32Array[] = [];
  for (const backend of ['webgpu', 'cpu']) {
    await tf.setBackend(backend);
    const out = tf.tidy(() => {
      const q = randomTensor([6, HEADS, HEAD_DIM], 1);
      const table = randomTensor([2 * slots, KV_HEADS, HEAD_DIM], 2);
      return pagedAttention(q, table, table, layout, { scale: 0.3, ...options });
    });
    results.push((await out.data<'float32'>()).slice());
    out.dispose();
  }
  const [found, expected] = results as [Float32Array, Float32Array];
  expect(Math.max(...found.map((x, i) => Math.abs(x - expected[i]!)))).toBeLessThan(1e-5); // sums of values around 1
});

test('rows are written where they belong, and nowhere else', async () => {
  await tf.setBackend('webgpu');
  const table = tf.keep(tf.zeros([5, 2]));
  const written = writeRows(table, tf.tensor2d([1, 2, 3, 4], [2, 2]), [3, 0]);
  expect(await written.array()).toEqual([
    [3, 4],
    [0, 0],
    [0, 0],
    [1, 2],
    [0, 0],
  ]);
  written.dispose();
});
