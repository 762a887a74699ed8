import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { firstLargest } from './first-largest.ts';

describe.each(['cpu', 'native'] as const)('on %s', (backend) => {
  test('the first of the largest numbers of each row is found, unless one is not finite', async () => {
    await useBackend(backend);
    const x = tf.tensor2d([
      [1, 3, 3, -2],
      [-4, -0, 0, -1],
      [NaN, 1, 2, 3],
      [0, 1, 2, Infinity],
      [-Infinity, 1, 2, 0],
    ]);
    expect([...(await firstLargest(x).data())]).toEqual([1, 1, -1, -1, -1]);
  });
});
