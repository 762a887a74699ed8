/** @file The linear map y = x Wᵀ. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import { transposeMatrix } from './transpose-matrix.ts';

const op = defineOp({
  kernelName: 'Linear',
  inputs: { differentiable: ['x', 'weight'] },
  forward([x, weight]) {
    const [out, input] = weight!.shape as [number, number];
    const rows = tf.reshape(x!, [-1, input]); // [n, in]
    // Whatever is on the right of a product is copied to XNNPACK's layout first, so for few rows, as in generation, the weight
    // should be on the left.
    const value =
      rows.shape[0]! < out / 2
        ? transposeMatrix(tf.matMul(weight!, transposeMatrix(rows)))
        : tf.matMul(rows, transposeMatrix(weight!)); // [n, out]
    return [tf.reshape(value, [...x!.shape.slice(0, -1), out])];
  },
  gradient(dValue, [x, weight]) {
    const [out, input] = weight!.shape as [number, number];
    const dRows = tf.reshape(dValue, [-1, out]); // [n, out]
    const dX = tf.matMul(dRows, weight!); // [n, in]
    const dWeight = tf.matMul(transposeMatrix(dRows), tf.reshape(x!, [-1, input])); // [out, in]
    return [tf.reshape(dX, x!.shape), dWeight];
  },
});

/**
 * Maps the last axis by a weight matrix in PyTorch's and Hugging Face's layout, without bias.
 *
 * Kernels `Linear`, `LinearGrad`.
 *
 * @param x [..., in]
 * @param weight [out, in]
 * @returns [..., out]
 */
export function linear(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return op([x, weight], {});
}
