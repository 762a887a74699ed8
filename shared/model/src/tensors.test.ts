import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { tensorsOf, weightsOf } from './tensors.ts';

test.each(['cpu', 'wasm'] as const)(
  'weights go to the %s backend and back, without sharing memory',
  async (backend) => {
    await useBackend(backend);
    const data = new Float32Array([1, 2, 3, 4, 5, 6]);
    const tensors = tensorsOf({ a: { shape: [2, 3], data } });
    data[0] = 9;
    const weights = await weightsOf(tensors);
    expect(weights).toEqual({ a: { shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) } });
    weights['a']!.data[1] = 9;
    expect(tensors['a']!.dataSync()[1]).toBe(2);
    tf.dispose(tensors);
  },
);
