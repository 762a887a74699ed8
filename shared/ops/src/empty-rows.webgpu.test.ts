/** @file Matrices of no rows on the backend webgpu, which has no buffers of no bytes. */
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { addBias, layerNorm, linear, rmsNorm, scaledSum } from './index.ts';

beforeAll(() => useBackend('webgpu'));

test.each([
  ['addBias', [4], (x: tf.Tensor, bias: tf.Tensor) => addBias(x, bias)],
  ['layerNorm', [4], (x: tf.Tensor, weight: tf.Tensor) => layerNorm(x, weight, { epsilon: 1e-5 })],
  ['rmsNorm', [4], (x: tf.Tensor, weight: tf.Tensor) => rmsNorm(x, weight, { epsilon: 1e-5 })],
  ['linear', [3, 4], (x: tf.Tensor, weight: tf.Tensor) => linear(x, weight)],
] as const)('%s of no rows has no values, and no gradient by its weight', async (_name, shape, f) => {
  const [x, weight] = [tf.zeros([0, 4]), tf.ones([...shape])];
  expect(f(x, weight).shape[0]).toBe(0);
  const [dX, dWeight] = tf.grads((a, b) => f(a!, b!))([x, weight]) as [tf.Tensor, tf.Tensor];
  expect(dX.shape).toEqual([0, 4]);
  expect([...(await dWeight.data())]).toEqual(Array<number>(weight.size).fill(0));
});

test('sums of nothing', async () => {
  expect([...(await scaledSum([tf.zeros([0, 4]), tf.zeros([0, 4])], 2).data())]).toEqual([]);
});
