import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { embedding } from './embedding.ts';
import { randomTensor } from './testing/errors.ts';

const weight = () => randomTensor([5, 3], 1);
const ids = () => tf.tensor2d([4, 0, 4, 2], [2, 2], 'int32');

describe.each(['cpu', 'wasm'] as const)('embedding on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('returns the rows that ids name', () => {
    const rows = weight().arraySync() as number[][];
    expect(embedding(weight(), ids()).arraySync()).toEqual([
      [rows[4], rows[0]],
      [rows[4], rows[2]],
    ]);
  });

  test('the gradient of a row is the sum over its uses, and zero without any', () => {
    const dValue = tf.reshape(tf.range(1, 13), [2, 2, 3]);
    const gradient = tf.grad((w: tf.Tensor) => embedding(w, ids()))(weight(), dValue);
    expect(gradient.arraySync()).toEqual([
      [4, 5, 6],
      [0, 0, 0],
      [10, 11, 12],
      [0, 0, 0],
      [1 + 7, 2 + 8, 3 + 9],
    ]);
  });
});
