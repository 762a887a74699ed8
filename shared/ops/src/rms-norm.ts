/** @file Root mean square layer normalisation (Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

export type RmsNormOptions = {
  /** Added to the mean square before its root. */
  epsilon: number;
  /** Scales by 1 + weight, as Gemma's, whose weights start at 0. */
  unitOffset?: boolean;
};

type RmsNormInputs = NamedTensors<'x'> & Partial<NamedTensors<'weight'>>;

const op = defineOp({
  kernelName: 'RmsNorm',
  forward: normalize,
  saved: (inputs): RmsNormInputs => inputs,
  gradient: ([dValue], inputs, [inverseRms], options) => gradients(dValue, inputs, inverseRms!, options),
});

const residualOp = defineOp({
  kernelName: 'RmsNormResidual',
  values: () => 2,
  forward(inputs: RmsNormInputs, options: Required<RmsNormOptions>) {
    const [normed, inverseRms] = normalize(inputs, options);
    return [normed, tf.clone(inputs.x), inverseRms];
  },
  saved: (inputs): RmsNormInputs => inputs,
  gradient([dNormed, dResidual], inputs, [inverseRms], options) {
    const [dX, ...dWeight] = gradients(dNormed, inputs, inverseRms!, options);
    return [tf.add(dX!, dResidual!), ...dWeight];
  },
});

/** The normed rows, and the inverses of their root mean squares. */
function normalize(
  { x, weight }: RmsNormInputs,
  { epsilon, unitOffset }: Required<RmsNormOptions>,
): [tf.Tensor, tf.Tensor] {
  const rows = tf.reshape(x, [-1, x.shape.at(-1)!]); // [n, d]
  const inverseRms = tf.rsqrt(tf.add(tf.mean(tf.square(rows), 1, true), epsilon)); // [n, 1]
  const normed = tf.mul(rows, inverseRms);
  const value = weight === undefined ? normed : tf.mul(normed, factorsOf(weight, unitOffset));
  return [tf.reshape(value, x.shape), inverseRms];
}

/** Of x, and of the weight where there is one. */
function gradients(
  dValue: tf.Tensor,
  { x, weight }: RmsNormInputs,
  inverseRms: tf.Tensor,
  { unitOffset }: Required<RmsNormOptions>,
): tf.Tensor[] {
  const d = x.shape.at(-1)!;
  const normed = tf.mul(tf.reshape(x, [-1, d]), inverseRms); // [n, d]
  const dRows = tf.reshape(dValue, [-1, d]);
  const dNormed = weight === undefined ? dRows : tf.mul(dRows, factorsOf(weight, unitOffset));
  const projection = tf.mean(tf.mul(dNormed, normed), 1, true); // [n, 1]
  const dX = tf.mul(tf.sub(dNormed, tf.mul(normed, projection)), inverseRms);
  if (weight === undefined) return [tf.reshape(dX, x.shape)];
  // The sum over rows, as a product with ones: the wasm backend would transpose to sum over the first axis.
  const dWeight = tf.matMul(tf.ones([1, dRows.shape[0]!]), tf.mul(dRows, normed)); // [1, d]
  return [tf.reshape(dX, x.shape), tf.reshape(dWeight, weight.shape)];
}

function factorsOf(weight: tf.Tensor, unitOffset: boolean): tf.Tensor {
  return unitOffset ? tf.add(weight, 1) : weight;
}

/**
 * Divides each vector of the last axis by its root mean square, then scales it: `x / sqrt(mean(x²) + ε) · weight`. Without a weight
 * it is not scaled: the norm of Llama 4's queries and keys.
 *
 * Kernels `RmsNorm`, `RmsNormGrad`.
 *
 * @param x [..., d]
 * @param weight [d], or none
 * @returns [..., d]
 */
export function rmsNorm(
  x: tf.Tensor,
  weight: tf.Tensor | undefined,
  { epsilon, unitOffset = false }: RmsNormOptions,
): tf.Tensor {
  return op(weight === undefined ? { x } : { x, weight }, { epsilon, unitOffset })[0]!;
}

/**
 * {@link rmsNorm} of a residual stream, and the stream itself to go on with. Whoever uses the second value instead of x has the gradients
 * of both uses summed in the norm's own pass over memory.
 *
 * Kernels `RmsNormResidual`, `RmsNormResidualGrad`.
 *
 * @returns the normed x, and x
 */
export function rmsNormResidual(
  x: tf.Tensor,
  weight: tf.Tensor | undefined,
  { epsilon, unitOffset = false }: RmsNormOptions,
): { normed: tf.Tensor; residual: tf.Tensor } {
  const [normed, residual] = residualOp(weight === undefined ? { x } : { x, weight }, { epsilon, unitOffset });
  return { normed: normed!, residual: residual! };
}
