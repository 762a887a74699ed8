/** @file The backend `tensorflow`, where `npm run tfjs-node` has built it. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from './use-backend.ts';
import { resolveBackend } from './resolve.ts';

function isThere(): boolean {
  try {
    return resolveBackend('tensorflow') === 'tensorflow';
  } catch {
    return false;
  }
}

describe.skipIf(!isThere())('the backend tensorflow', () => {
  beforeAll(() => useBackend('tensorflow'));

  test('multiplies: the sums of products, of whole numbers that float32 holds', async () => {
    const a = tf.tensor2d(
      Array.from({ length: 35 }, (_, i) => i - 9),
      [5, 7],
    );
    const b = tf.tensor2d(
      Array.from({ length: 21 }, (_, i) => 2 * i - 11),
      [7, 3],
    );
    const [left, right] = [await a.array(), await b.array()];
    const expected = left.map((row) =>
      [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * right[k]![j]!, 0)),
    );
    expect(await tf.matMul(a, b).array()).toEqual(expected);
  });

  test('differentiates: the gradient of Σ xᵢ³ is 3 xᵢ²', async () => {
    const x = [-2, 0.5, 3];
    const gradient = tf.grad((value) => tf.sum(tf.pow(value, 3)))(tf.tensor1d(x));
    const found = await gradient.data();
    for (const [i, value] of x.entries()) expect(found[i]).toBeCloseTo(3 * value * value, 5);
  });
});
