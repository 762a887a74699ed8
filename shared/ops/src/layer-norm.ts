/** @file Layer normalisation (Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450) without bias, as Command R's and A's. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

export type LayerNormOptions = {
  /** Added to the variance before its root. */
  epsilon: number;
};

const op = defineOp({
  kernelName: 'LayerNorm',
  forward({ x, weight }: NamedTensors<'x' | 'weight'>, { epsilon }: LayerNormOptions) {
    const rows = tf.reshape(x, [-1, x.shape.at(-1)!]); // [n, d]
    const mean = tf.mean(rows, 1, true); // [n, 1]
    const centered = tf.sub(rows, mean);
    const inverseDeviation = tf.rsqrt(tf.add(tf.mean(tf.square(centered), 1, true), epsilon)); // [n, 1]
    const value = tf.mul(tf.mul(centered, inverseDeviation), weight);
    return [tf.reshape(value, x.shape), mean, inverseDeviation];
  },
  saved: ({ x, weight }) => ({ x, weight }),
  gradient([dValue], { x, weight }, [mean, inverseDeviation]) {
    const d = x.shape.at(-1)!;
    const normed = tf.mul(tf.sub(tf.reshape(x, [-1, d]), mean!), inverseDeviation!); // [n, d]
    const dRows = tf.reshape(dValue, [-1, d]);
    const dNormed = tf.mul(dRows, weight);
    const shift = tf.mean(dNormed, 1, true); // [n, 1]
    const projection = tf.mean(tf.mul(dNormed, normed), 1, true); // [n, 1]
    const dX = tf.mul(tf.sub(tf.sub(dNormed, shift), tf.mul(normed, projection)), inverseDeviation!);
    // The sum over rows, as a product with ones: the wasm backend would transpose to sum over the first axis.
    const dWeight = tf.matMul(tf.ones([1, dRows.shape[0]!]), tf.mul(dRows, normed)); // [1, d]
    return [tf.reshape(dX, x.shape), tf.reshape(dWeight, weight.shape)];
  },
});

/**
 * Brings each vector of the last axis to mean 0 and variance 1, then scales it: `(x − mean(x)) / sqrt(var(x) + ε) · weight`, with the
 * variance of the vector itself (divided by d).
 *
 * Kernels `LayerNorm`, `LayerNormGrad`.
 *
 * @param x [..., d]
 * @param weight [d]
 * @returns [..., d]
 */
export function layerNorm(x: tf.Tensor, weight: tf.Tensor, options: LayerNormOptions): tf.Tensor {
  return op({ x, weight }, options)[0]!;
}
