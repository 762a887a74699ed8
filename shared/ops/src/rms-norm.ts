/** @file Root mean square layer normalisation (Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

export type RmsNormOptions = {
  /** Added to the mean square before its root. */
  epsilon: number;
};

const op = defineOp({
  kernelName: 'RmsNorm',
  forward({ x, weight }: NamedTensors<'x' | 'weight'>, { epsilon }: RmsNormOptions) {
    const rows = tf.reshape(x, [-1, x.shape.at(-1)!]); // [n, d]
    const inverseRms = tf.rsqrt(tf.add(tf.mean(tf.square(rows), 1, true), epsilon)); // [n, 1]
    const value = tf.mul(tf.mul(rows, inverseRms), weight);
    return [tf.reshape(value, x.shape), inverseRms];
  },
  saved: ({ x, weight }) => ({ x, weight }),
  gradient([dValue], { x, weight }, [inverseRms]) {
    const d = x.shape.at(-1)!;
    const normed = tf.mul(tf.reshape(x, [-1, d]), inverseRms!); // [n, d]
    const dRows = tf.reshape(dValue, [-1, d]);
    const dNormed = tf.mul(dRows, weight);
    const projection = tf.mean(tf.mul(dNormed, normed), 1, true); // [n, 1]
    const dX = tf.mul(tf.sub(dNormed, tf.mul(normed, projection)), inverseRms!);
    // The sum over rows, as a product with ones: the wasm backend would transpose to sum over the first axis.
    const dWeight = tf.matMul(tf.ones([1, dRows.shape[0]!]), tf.mul(dRows, normed)); // [1, d]
    return [tf.reshape(dX, x.shape), tf.reshape(dWeight, weight.shape)];
  },
});

/**
 * Divides each vector of the last axis by its root mean square, then scales it: `x / sqrt(mean(x²) + ε) · weight`.
 *
 * Kernels `RmsNorm`, `RmsNormGrad`.
 *
 * @param x [..., d]
 * @param weight [d]
 * @returns [..., d]
 */
export function rmsNorm(x: tf.Tensor, weight: tf.Tensor, options: RmsNormOptions): tf.Tensor {
  return op({ x, weight }, options)[0]!;
}
