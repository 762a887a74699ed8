import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from './backends.ts';
import { clipByGlobalNorm, globalNorm } from './clip-by-global-norm.ts';
import { relativeError } from './testing/errors.ts';

const tensors = () => [tf.tensor2d([1, 2, 2, 4], [2, 2]), tf.tensor1d([-4, 8]), tf.scalar(4)];

describe.each(['cpu', 'wasm'] as const)('the global norm on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('is the Euclidean norm of all elements together', () => {
    expect(globalNorm(tensors()).dataSync()[0]).toBe(11); // 1 + 4 + 4 + 16 + 16 + 64 + 16 = 121
  });

  test('clipping scales all tensors by one factor to the maximum norm, and returns the norm of before', () => {
    const { clipped, norm } = clipByGlobalNorm(tensors(), 1.1);
    expect(norm.dataSync()[0]).toBe(11);
    expect(relativeError(clipped[0]!, [0.1, 0.2, 0.2, 0.4])).toBeLessThan(1e-6);
    expect(relativeError(clipped[1]!, [-0.4, 0.8])).toBeLessThan(1e-6);
    expect(relativeError(clipped[2]!, [0.4])).toBeLessThan(1e-6);
  });

  test('clipping leaves tensors of a smaller norm, and zeros, as they are', () => {
    expect(clipByGlobalNorm(tensors(), 12).clipped[1]!.arraySync()).toEqual([-4, 8]);
    expect(clipByGlobalNorm([tf.zeros([3])], 1).clipped[0]!.arraySync()).toEqual([0, 0, 0]);
  });
});
