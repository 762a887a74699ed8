import { resolveBackend, useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention, hasInt8Rows, maskOf, pagedAttentionInt8, writeRowsInt8, type Int8Table } from './index.ts';
import { randomTensor } from './testing/errors.ts';
import * as predicates from './testing/masks.ts';

const [HEADS, KV_HEADS, HEAD_DIM] = [4, 2, 6];

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
    // Seven keys in blocks of 2, values 10 slots behind them.
    const layout = {
      queryOffsets: [0, 3],
      lengths: [7],
      blocks: [4, 0, 8, 2],
      blockSize: 2,
      keyOffset: 0,
      valueOffset: 10,
    };
    const slots = [4, 5, 0, 1, 8, 9, 2];
    const table = { words: tf.zeros([20, (KV_HEADS * HEAD_DIM) / 4], 'int32'), scales: tf.zeros([20, KV_HEADS, 1]) };
    const [q, keys, values] = [
      randomTensor([3, HEADS, HEAD_DIM], 1),
      randomTensor([7, KV_HEADS, HEAD_DIM], 2),
      randomTensor([7, KV_HEADS, HEAD_DIM], 3),
    ] as const;
    writeRowsInt8(table, keys, slots);
    writeRowsInt8(
      table,
      values,
      slots.map((slot) => slot + 10),
    );
    const [storedKeys, storedValues] = [0, 10].map((offset) =>
      tf.tensor(
        slots.flatMap((slot) => numbersOf(table, slot + offset)),
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
