import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention, maskOf, pagedAttention, pagedRows, writeRows, type PagedLayout } from './index.ts';
import { randomTensor } from './testing/errors.ts';
import * as predicates from './testing/masks.ts';

const [HEADS, KV_HEADS, HEAD_DIM] = [4, 2, 6];

/** Three sequences: all of a prompt at once, the middle of one, one token. */
const sequences = [
  { length: 5, queries: 5 },
  { length: 11, queries: 4 },
  { length: 9, queries: 1 },
];
const masks = [
  { scale: 0.4 },
  { scale: 0.4, window: 3 },
  { scale: 0.4, chunk: 4 },
  { scale: 0.7, softCap: 2, window: 6 },
  ...Object.values(predicates).map((predicate) => ({ scale: 0.7, softCap: 2, mask: maskOf(predicate) })),
];

/** Keys and values of each sequence in blocks of 3, which lie in a table of 60 slots in no order, values 30 slots behind keys. */
function paged(keys: readonly tf.Tensor[], values: readonly tf.Tensor[]): { table: tf.Tensor; layout: PagedLayout } {
  const [blockSize, valueOffset] = [3, 30];
  const free = [12, 3, 24, 0, 15, 6, 27, 9, 21];
  let table = tf.keep(tf.mul(tf.ones([60, KV_HEADS, HEAD_DIM]), NaN)); // nobody may look where nothing was written
  const blocks: number[] = [];
  for (const [i, { length }] of sequences.entries()) {
    const own = free.splice(0, Math.ceil(length / blockSize));
    blocks.push(...own);
    const slots = Array.from({ length }, (_, j) => own[Math.floor(j / blockSize)]! + (j % blockSize));
    table = writeRows(table, tf.squeeze(keys[i]!, [0]), slots);
    table = writeRows(
      table,
      tf.squeeze(values[i]!, [0]),
      slots.map((slot) => slot + valueOffset),
    );
  }
  const queryOffsets = sequences.reduce((ends, { queries }) => [...ends, ends.at(-1)! + queries], [0]);
  const lengths = sequences.map(({ length }) => length);
  return { table, layout: { queryOffsets, lengths, blocks, blockSize, keyOffset: 0, valueOffset } };
}

const backends = new Set<BackendName>(['cpu', resolveBackend('auto')]);

describe.each([...backends])('attention over pages on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const tensors = (heads: number, sizeOf: (sequence: (typeof sequences)[number]) => number, seed: number) =>
    sequences.map((sequence, i) => randomTensor([1, sizeOf(sequence), heads, HEAD_DIM], seed + i));

  test.each(masks)('is that of each sequence by itself: %o', (mask) => {
    const queries = tensors(HEADS, ({ queries: count }) => count, 1);
    const [keys, values] = [11, 21].map((seed) => tensors(KV_HEADS, ({ length }) => length, seed)) as [
      tf.Tensor[],
      tf.Tensor[],
    ];
    const { table, layout } = paged(keys, values);
    const q = tf.squeeze(tf.concat(queries, 1), [0]); // [n, n_h, h_d]
    const attended = pagedAttention(q, table, table, layout, mask);
    const alone = tf.concat(
      queries.map((query, i) => attention(query, keys[i]!, values[i]!, mask)),
      1,
    );
    const difference = tf.max(tf.abs(tf.sub(attended, tf.squeeze(alone, [0])))).dataSync()[0]!;
    expect(difference).toBeLessThan(1e-5); // the same sums in another order, of values around 1
    for (const [i, key] of keys.entries()) {
      expect(pagedRows(table, layout, i, 0).arraySync()).toEqual(key.arraySync());
    }
    table.dispose();
  });

  test('rows are written where they belong, and nowhere else', () => {
    const table = tf.keep(tf.zeros([5, 2]));
    const written = writeRows(table, tf.tensor2d([1, 2, 3, 4], [2, 2]), [3, 0]);
    expect(written.arraySync()).toEqual([
      [3, 4],
      [0, 0],
      [0, 0],
      [1, 2],
      [0, 0],
    ]);
    written.dispose();
  });
});
