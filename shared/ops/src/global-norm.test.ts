import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { globalNorm } from './global-norm.ts';

describe.each(['cpu', 'wasm'] as const)('the global norm on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('is the Euclidean norm of all elements together', () => {
    const tensors = [tf.tensor2d([1, 2, 2, 4], [2, 2]), tf.tensor1d([-4, 8]), tf.scalar(4)];
    expect(globalNorm(tensors).dataSync()[0]).toBe(11); // 1 + 4 + 4 + 16 + 16 + 64 + 16 = 121
  });

  test('of zeros is 0, and of what is not finite is not finite', () => {
    expect(globalNorm([tf.zeros([3])]).dataSync()[0]).toBe(0);
    expect(globalNorm([tf.ones([3]), tf.tensor1d([1, NaN])]).dataSync()[0]).toBe(NaN);
    expect(globalNorm([tf.tensor1d([1, -Infinity])]).dataSync()[0]).toBe(Infinity);
  });

  test('leaves one tensor, the result', () => {
    const tensors = [tf.ones([2]), tf.ones([2, 3])];
    const before = tf.memory().numTensors;
    globalNorm(tensors);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});
