/** @file Vectors of which every position has one for each layer, by layer: Gemma 3n's per-layer embeddings. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';
import { unstack } from './unstack.ts';

type Attributes = {
  layers: number;
  factorA: number;
  factorB: number;
};

const op = defineOp({
  kernelName: 'SumLayerSlices',
  values: ({ layers }: Attributes) => layers,
  forward({ a, b }: NamedTensors<'a' | 'b'>, { layers, factorA, factorB }) {
    const p = a.shape.at(-1)! / layers;
    const sum = tf.add(tf.mul(a, factorA), tf.mul(b, factorB));
    const byLayer = tf.transpose(tf.reshape(sum, [-1, layers, p]), [1, 0, 2]); // [layers, n, p]
    return unstack(byLayer).map((slice) => tf.reshape(slice, [...a.shape.slice(0, -1), p]));
  },
  saved: () => ({}),
  gradient(dValues, _saved, _residuals, { layers, factorA, factorB }) {
    const { shape } = dValues[0];
    const sum = tf.reshape(tf.stack(dValues, -2), [...shape.slice(0, -1), layers * shape.at(-1)!]);
    return [tf.mul(sum, factorA), tf.mul(sum, factorB)];
  },
});

/**
 * `a · factorA + b · factorB`, taken apart into the layers' vectors, each a tensor without gaps.
 *
 * Kernels `SumLayerSlices`, `SumLayerSlicesGrad`.
 *
 * @param a [..., layers · p]
 * @param b [..., layers · p]
 * @returns [..., p] for each layer
 */
export function sumLayerSlices(a: tf.Tensor, b: tf.Tensor, options: Attributes): tf.Tensor[] {
  return op({ a, b }, options);
}
