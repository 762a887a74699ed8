/** @file Attention over pages of int8, and what writes them, on the backend webgpu: attention over the numbers that they stand for. */
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { attention, hasInt8Rows, maskOf, pagedAttentionInt8, writeRows, writeRowsInt8 } from './index.ts';
import { randomTensor } from './testing/errors.ts';
import { HEADS, KV_HEADS, layout, SLOTS, TABLE, writePages } from './testing/int8-pages.ts';

beforeAll(async () => {
  await useBackend('cpu');
  await useBackend('webgpu');
});

/** A head's size, of which two make up whole words, or each does; and how many scales there is room for. */
const sizes = [
  { headDim: 6, headScales: 1 },
  { headDim: 40, headScales: 5 },
];
const masks = [{ window: 3 }, { chunk: 4, softCap: 2 }, { mask: maskOf((query, key) => (query + key) % 3 === 0) }];

const tableOf = ({ headDim, headScales }: (typeof sizes)[number]) => ({
  words: tf.zeros([TABLE, (KV_HEADS * headDim) / 4], 'int32'),
  scales: tf.zeros([TABLE, KV_HEADS, headScales]),
});

test.each(sizes.flatMap((size) => masks.map((mask) => ({ ...size, ...mask }))))(
  'each number is the nearest to what was written, and attention is over them: %o',
  async ({ headDim, headScales, ...mask }) => {
    await tf.setBackend('webgpu');
    expect(hasInt8Rows()).toBe(true);
    const table = tableOf({ headDim, headScales });
    const [q, keys, values] = [
      randomTensor([3, HEADS, headDim], 1),
      randomTensor([7, KV_HEADS, headDim], 2),
      randomTensor([7, KV_HEADS, headDim], 3),
    ] as const;
    writePages(table, keys, values);
    const options = { scale: 0.5, ...mask };
    const found = await pagedAttentionInt8(q, table, layout, options).data();
    const integers = new Int8Array((await table.words.data<'int32'>()).slice().buffer);
    const scales = await table.scales.data<'float32'>();
    const rowOf = (slot: number): number[] =>
      Array.from({ length: KV_HEADS * headDim }, (_, i) => {
        const scale = scales[(slot * KV_HEADS + Math.floor(i / headDim)) * headScales]!;
        return scale * integers[slot * KV_HEADS * headDim + i]!;
      });
    const [ofKeys, ofValues] = [0, 10].map((offset) => SLOTS.flatMap((slot) => rowOf(slot + offset)));
    for (const [written, stored] of [
      [await keys.data(), ofKeys!],
      [await values.data(), ofValues!],
    ] as const) {
      for (const [i, x] of written.entries()) {
        const head = written.slice(i - (i % headDim), i - (i % headDim) + headDim);
        const step = Math.max(...head.map(Math.abs)) / 127;
        expect(Math.abs(stored[i]! - x)).toBeLessThan(step / 2 + 1e-6); // float32's rounding
      }
    }
    const query = Float32Array.from(await q.data());
    await tf.setBackend('cpu');
    const [k, v] = [ofKeys!, ofValues!].map((numbers) => tf.tensor(numbers, [1, 7, KV_HEADS, headDim]));
    const expected = attention(tf.tensor(query, [1, 3, HEADS, headDim]), k!, v!, options).dataSync();
    for (const [i, x] of expected.entries()) expect(Math.abs(found[i]! - x)).toBeLessThan(1e-5); // the same sums in another order
  },
);

test('a head with what is no number has no scale, and one of zeros the scale 0; copies have the same bits', async () => {
  await tf.setBackend('webgpu');
  const table = { words: tf.tensor2d([-1, -1, -1, -1], [2, 2], 'int32'), scales: tf.ones([2, 2, 1]) };
  writeRowsInt8(
    table,
    tf.tensor(
      [
        [
          [1, NaN, 2, 3],
          [0, 0, 0, 0],
        ],
      ],
      [1, 2, 4],
    ),
    [1],
  );
  expect([...(await table.scales.data())]).toEqual([1, 1, NaN, 0]);
  expect([...(await table.words.data())]).toEqual([-1, -1, 0, 0]);
  // As numbers, these bits would be none, or too small to be any.
  const words = writeRows(
    tf.keep(tf.zeros([3, 2], 'int32')),
    tf.tensor([0x7fa00001, 1, -1, 0x7fffff], [2, 2], 'int32'),
    [2, 0],
  );
  expect([...(await words.data())]).toEqual([-1, 0x7fffff, 0, 0, 0x7fa00001, 1]);
  words.dispose();
});
