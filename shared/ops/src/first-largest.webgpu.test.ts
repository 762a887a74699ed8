import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { firstLargest } from './first-largest.ts';

test('on webgpu, the first of the largest numbers of each row is found, unless one is not finite', async () => {
  await useBackend('webgpu');
  const x = tf.tensor2d([
    [1, 3, 3, -2],
    [-4, -0, 0, -1],
    [NaN, 1, 2, 3],
    [0, 1, 2, Infinity],
    [-Infinity, 1, 2, 0],
  ]);
  expect([...(await firstLargest(x).data())]).toEqual([1, 1, -1, -1, -1]);
  for (const length of [1, 31, 5000]) {
    const row = Float32Array.from({ length }, (_, i) => -1 - ((i * 7919) % 1009));
    const expected = row.indexOf(Math.max(...row));
    expect([...(await firstLargest(tf.tensor2d(row, [1, length])).data())]).toEqual([expected]);
  }
});
