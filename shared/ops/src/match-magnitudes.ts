/** @file Vectors scaled to the magnitude of others, as the copies of the residual stream in Gemma 3n. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';

type Attributes = {
  /** The number of tensors that are scaled. */
  count: number;
  least: number;
};

const op = defineOp({
  kernelName: 'MatchMagnitudes',
  values: ({ count }: Attributes) => count,
  forward: ({ other, ...xs }: NamedTensors<'other'> & NamedTensors, { least }) =>
    Object.values(xs).map((x) => tf.mul(x, ratioOf(x, other, least))),
  saved: (inputs) => inputs,
  gradient(dValues, { other, ...xs }, _, { least }) {
    const d = other.shape.at(-1)!;
    const terms = Object.values(xs).map((x, i) => {
      const ratio = ratioOf(x, other, least);
      const own = meanSquare(x);
      const divisor = tf.maximum(own, least);
      const product = tf.sum(tf.mul(dValues[i]!, x), -1, true);
      // y = r x with r = √(wanted / divisor): dr / dwanted = 1 / (2 r divisor), dr / ddivisor = −r / (2 divisor).
      const byOther = tf.divNoNan(product, tf.mul(tf.mul(ratio, divisor), d)); // a vector of zeros has no slope
      const counts = tf.cast(tf.greaterEqual(own, least), 'float32');
      const byOwn = tf.div(tf.mul(counts, tf.mul(ratio, product)), tf.mul(divisor, d));
      return { byOther, dX: tf.sub(tf.mul(dValues[i]!, ratio), tf.mul(x, byOwn)) };
    });
    return [tf.mul(other, tf.addN(terms.map(({ byOther }) => byOther))), ...terms.map(({ dX }) => dX)];
  },
});

/** [..., 1] */
const meanSquare = (x: tf.Tensor): tf.Tensor => tf.mean(tf.square(x), -1, true);

/** [..., 1] */
function ratioOf(x: tf.Tensor, other: tf.Tensor, least: number): tf.Tensor {
  return tf.sqrt(tf.div(meanSquare(other), tf.maximum(meanSquare(x), least)));
}

/**
 * Scales vectors to the root mean square of another: `x · √(mean(other²) / max(mean(x²), least))`.
 *
 * Kernels `MatchMagnitudes`, `MatchMagnitudesGrad`.
 *
 * @param xs [..., d] each
 * @param other [..., d]
 * @param options.least the mean square below which a vector's own is not divided by
 * @returns [..., d] of each
 */
export function matchMagnitudes(xs: readonly tf.Tensor[], other: tf.Tensor, { least }: { least: number }): tf.Tensor[] {
  return op({ other, ...numbered('x', xs) }, { count: xs.length, least });
}
