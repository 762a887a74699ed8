/**
 * @file Alternating updates (Baykal et al. 2023, https://arxiv.org/abs/2301.13310), as in Gemma 3n: the residual stream has a copies, of which a
 * layer computes one, and predicts the others.
 */
import { addBias, linear, meanSquare, mixCopies, scale } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { AltUpConfig, NormConfig } from './config.ts';
import { normalize } from './normalization.ts';
import type { ParameterTensors } from './tensors.ts';

/** The mean square below which a copy's magnitude is not divided by. */
const LEAST_MEAN_SQUARE = 1e-5;

/**
 * The copies that the first layer begins with: the embedding, and projections of it, of the same magnitude.
 *
 * @param x [b, s, d]
 * @param projections [d, d] each
 * @returns a tensors [b, s, d]
 */
export function expandStream(x: tf.Tensor, projections: readonly tf.Tensor[]): tf.Tensor[] {
  return [x, ...projections.map((weight) => ofMagnitude(linear(x, weight), x))];
}

/** The mean of all copies, after the last layer: the inverse of {@link expandStream}. [b, s, d] */
export function mergeStream([first, ...others]: readonly tf.Tensor[], projections: readonly tf.Tensor[]): tf.Tensor {
  const projected = others.map((copy, i) => ofMagnitude(linear(copy, projections[i]!), first!));
  return scale(tf.addN([first!, ...projected]), 1 / (others.length + 1));
}

/** x scaled to the root mean square of another, position by position. */
function ofMagnitude(x: tf.Tensor, other: tf.Tensor): tf.Tensor {
  const ratio = tf.sqrt(tf.div(meanSquare(other), tf.maximum(meanSquare(x), LEAST_MEAN_SQUARE))); // [b, s, 1]
  return mixCopies([x], ratio)[0]!;
}

/**
 * What each copy will be after the layer, from all copies before it: itself, and what the others add.
 *
 * @param weights the layer's parameters `modality_router.weight` …
 */
export function predict(
  config: AltUpConfig,
  norm: NormConfig,
  stream: readonly tf.Tensor[],
  weights: ParameterTensors,
): tf.Tensor[] {
  const { inputs, active } = config;
  const modalities = modalitiesOf(norm, stream[active]!, weights); // [b, s, a]
  const additions = linear(modalities, clipped(config, weights['prediction_coefs.weight']!)); // [b, s, a·a]
  return mixCopies(
    stream,
    addBias(
      additions,
      flat(inputs, inputs, (i, j) => (i === j ? 1 : 0)),
    ),
  );
}

/** The predictions, each moved by its share of what the layer's output differs from the active one by. */
export function correct(
  config: AltUpConfig,
  norm: NormConfig,
  predictions: readonly tf.Tensor[],
  output: tf.Tensor,
  weights: ParameterTensors,
): tf.Tensor[] {
  const { inputs: a, active } = config;
  const modalities = modalitiesOf(norm, output, weights); // [b, s, a]
  const shares = linear(modalities, clipped(config, weights['correction_coefs.weight']!)); // [b, s, a], less 1
  // prediction_i + (1 + share_i) (output − prediction_active), as a mixture of the predictions and the output.
  const sign = (j: number) => (j === a ? 1 : j === active ? -1 : 0);
  const spread = tf.tensor2d(
    Array.from({ length: a * (a + 1) }, (_, k) => {
      const [i, j] = [Math.floor(k / (a + 1)), k % (a + 1)];
      return Array.from({ length: a }, (_share, share) => (share === i ? sign(j) : 0));
    }),
  ); // [a (a + 1), a]
  const constant = flat(a, a + 1, (i, j) => (i === j ? 1 : 0) + sign(j));
  return mixCopies([...predictions, output], addBias(linear(shares, spread), constant));
}

/** A matrix of constants, row by row, [rows · columns]. */
function flat(rows: number, columns: number, value: (row: number, column: number) => number): tf.Tensor {
  return tf.tensor1d(
    Float32Array.from({ length: rows * columns }, (_, k) => value(Math.floor(k / columns), k % columns)),
  );
}

/** How much each copy counts at a position, [b, s, a] in (−1, 1). */
function modalitiesOf(norm: NormConfig, x: tf.Tensor, weights: ParameterTensors): tf.Tensor {
  const normed = scale(normalize(x, weights['router_norm.weight']!, norm), 1 / x.shape.at(-1)!);
  return tf.tanh(linear(normed, weights['modality_router.weight']!));
}

/** Clipping is for training; weights that were trained with it are within the limit. */
function clipped({ coefficientClip }: AltUpConfig, weight: tf.Tensor): tf.Tensor {
  return coefficientClip === 0 ? weight : tf.clipByValue(weight, -coefficientClip, coefficientClip);
}
