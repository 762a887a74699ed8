/**
 * @file The activation sparsity of Gemma 3n: a top-k by statistics instead of sorting ("Spark Transformer", 2025,
 * https://arxiv.org/abs/2506.06644).
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

export type GaussianTopKOptions = {
  /** Share of the numbers that become 0, if they are normally distributed; in (0, 1). */
  sparsity: number;
};

type Attributes = {
  /** How many standard deviations above the mean the cut-off is. */
  deviations: number;
};

const op = defineOp({
  kernelName: 'GaussianTopK',
  forward({ x }: NamedTensors<'x'>, { deviations }: Attributes) {
    const rows = tf.reshape(x, [-1, x.shape.at(-1)!]); // [n, d]
    const mean = tf.mean(rows, 1, true); // [n, 1]
    const deviation = tf.sqrt(tf.mean(tf.square(tf.sub(rows, mean)), 1, true)); // [n, 1]
    const value = tf.relu(tf.sub(rows, cutOff(mean, deviation, deviations)));
    return [tf.reshape(value, x.shape), mean, deviation];
  },
  saved: ({ x }) => ({ x }),
  gradient([dValue], { x }, [mean, deviation], { deviations }) {
    const d = x.shape.at(-1)!;
    const rows = tf.reshape(x, [-1, d]);
    const passes = tf.cast(tf.greater(rows, cutOff(mean!, deviation!, deviations)), 'float32'); // [n, d]
    const dRows = tf.mul(tf.reshape(dValue, [-1, d]), passes);
    // d cutOff / dx = (1 + deviations (x − mean) / deviation) / d; of equal numbers the deviation has no slope.
    const slope = tf.divNoNan(tf.mul(tf.sub(rows, mean!), deviations), deviation!);
    const byCutOff = tf.mul(tf.mean(dRows, 1, true), tf.add(slope, 1));
    return [tf.reshape(tf.sub(dRows, byCutOff), x.shape)];
  },
});

function cutOff(mean: tf.Tensor, deviation: tf.Tensor, deviations: number): tf.Tensor {
  return tf.add(mean, tf.mul(deviation, deviations));
}

/**
 * Lets pass what of each vector of the last axis is above a cut-off, `max(0, x − (mean + Φ⁻¹(sparsity) · standard deviation))`, where Φ
 * is the normal distribution; Gemma 3n does so with the gates of its first layers, before GELU.
 *
 * Kernels `GaussianTopK`, `GaussianTopKGrad`.
 *
 * @param x [..., d]
 * @returns [..., d]
 */
export function gaussianTopK(x: tf.Tensor, { sparsity }: GaussianTopKOptions): tf.Tensor {
  return op({ x }, { deviations: normalQuantile(sparsity) })[0]!;
}

/** Φ⁻¹(p), by Newton's method on Marsaglia's series of Φ (2004, https://doi.org/10.18637/jss.v011.i04); about 1e-15 for p in [1e-6, 1 − 1e-6]. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a share in (0, 1) is needed, not ${p}`);
  let x = 0;
  for (let i = 0; i < 50; i++) {
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    let [sum, term] = [x, x];
    for (let k = 3; sum + term !== sum; k += 2) sum += term *= (x * x) / k;
    const step = (0.5 + density * sum - p) / density;
    x -= Math.max(-1, Math.min(1, step)); // bounded, as far out the density is small
    if (Math.abs(step) < 1e-15 * Math.max(1, Math.abs(x))) break;
  }
  return x;
}
