import { resolveBackend, useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention, hasInt8Rows, maskOf, pagedAttentionInt8, type Int8Table } from './index.ts';
import { randomTensor } from './testing/errors.ts';
import { HEADS, KV_HEADS, layout, SLOTS, TABLE, writePages } from './testing/int8-pages.ts';
import * as predicates from './testing/masks.ts';

const HEAD_DIM = 6;

const masks = [
  { scale: 0.4 },
  { scale: 0.4, window: 3 },
  { scale: 0.7, chunk: 4, softCap: 2 },
  ...Object.values(predicates).map((predicate) => ({ scale: 0.7, softCap: 2, mask: maskOf(predicate) })),
];

test('tfjs has no numbers of int8', async () => {
  await useBackend('cpu');
  expect(hasInt8Rows()).toBe(false);
});

describe.runIf(resolveBackend('auto') === 'native')('attention over pages of int8', () => {
  beforeAll(() => useBackend('native'));

  /** What a row of a table stands for: [n_kv, h_d]. */
  function numbersOf({ words, scales }: Int8Table, slot: number): number[] {
    const values = new Int8Array(words.dataSync<'int32'>().buffer).subarray(slot * KV_HEADS * HEAD_DIM);
    const all = scales.dataSync<'float32'>();
    return Array.from({ length: KV_HEADS * HEAD_DIM }, (_, i) => {
      return values[i]! * all[slot * KV_HEADS + Math.floor(i / HEAD_DIM)]!;
    });
  }

  test.each(masks)('is attention over what they stand for, each the nearest to what was written: %o', (mask) => {
    const table = {
      words: tf.zeros([TABLE, (KV_HEADS * HEAD_DIM) / 4], 'int32'),
      scales: tf.zeros([TABLE, KV_HEADS, 1]),
    };
    const [q, keys, values] = [
      randomTensor([3, HEADS, HEAD_DIM], 1),
      randomTensor([7, KV_HEADS, HEAD_DIM], 2),
      randomTensor([7, KV_HEADS, HEAD_DIM], 3),
    ] as const;
    writePages(table, keys, values);
    const [storedKeys, storedValues] = [0, 10].map((offset) =>
      tf.tensor(
        SLOTS.flatMap((slot) => numbersOf(table, slot + offset)),
        [1, 7, KV_HEADS, HEAD_DIM],
      ),
    ) as [tf.Tensor, tf.Tensor];
    for (const [written, stored] of [
      [keys, storedKeys],
      [values, storedValues],
    ] as const) {
      const half = tf.div(tf.max(tf.abs(written), -1, true), 2 * 127);
      const beyond = tf.sub(tf.abs(tf.sub(written, tf.squeeze(stored, [0]))), half);
      expect(tf.max(beyond).dataSync()[0]).toBeLessThan(1e-6); // float32's rounding
    }
    const attended = pagedAttentionInt8(q, table, layout, mask);
    const expected = attention(tf.expandDims(q), storedKeys, storedValues, mask);
    const difference = tf.max(tf.abs(tf.sub(attended, tf.squeeze(expected, [0])))).dataSync()[0];
    expect(difference).toBeLessThan(1e-5); // the same sums in another order, of values around 1
  });
});
