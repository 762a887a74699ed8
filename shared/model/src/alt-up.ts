/**
 * @file Alternating updates (Baykal et al. 2023, https://arxiv.org/abs/2301.13310), as in Gemma 3n: the residual stream has a copies, of which a
 * layer computes one, and predicts the others.
 */
import { altUpCorrect, altUpPredict, linear, linears, matchMagnitudes, scaledSum, type Weight } from '@arrowsmith/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { AltUpModule } from './modules.ts';
import { nth } from './nth.ts';

/** The mean square below which a copy's magnitude is not divided by. */
const LEAST_MEAN_SQUARE = 1e-5;

/**
 * The copies that the first layer begins with: the embedding, and projections of it, of the same magnitude.
 *
 * @param x [b, s, d]
 * @param projections [d, d] each
 * @returns a tensors [b, s, d]
 */
export function expandStream(x: tf.Tensor, projections: readonly Weight[]): tf.Tensor[] {
  return projections.length === 0 ? [x] : [x, ...ofMagnitude(linears(x, projections), x)];
}

/** The mean of all copies, after the last layer: the inverse of {@link expandStream}. [b, s, d] */
export function mergeStream(stream: readonly tf.Tensor[], projections: readonly Weight[]): tf.Tensor {
  const first = nth(stream, 0);
  if (projections.length === 0) return first;
  const projected = projections.map((projection, i) => linear(nth(stream, i + 1), projection));
  return scaledSum([first, ...ofMagnitude(projected, first)], 1 / stream.length);
}

/** Vectors scaled to the root mean square of another's, position by position. */
function ofMagnitude(xs: readonly tf.Tensor[], other: tf.Tensor): tf.Tensor[] {
  return matchMagnitudes(xs, other, { least: LEAST_MEAN_SQUARE });
}

/** What each copy [b, s, d] will be after the layer, from all copies before it: itself, and what the others add. */
export function predict(module: AltUpModule, stream: readonly tf.Tensor[]): tf.Tensor[] {
  return altUpPredict(stream, routerOf(module, module.prediction), optionsOf(module));
}

/** The predictions, each moved by its share of what the layer's output differs from the active one by. */
export function correct(module: AltUpModule, predictions: readonly tf.Tensor[], output: tf.Tensor): tf.Tensor[] {
  return altUpCorrect(predictions, output, routerOf(module, module.correction), optionsOf(module));
}

function routerOf({ norm, router }: AltUpModule, coefficients: tf.Tensor) {
  return { norm: norm.weight, weight: router, coefficients };
}

/** The limit is the model's: measured is what was trained. An imported model whose coefficients are beyond it has none. */
function optionsOf({ config: { active, coefficientClip }, norm }: AltUpModule) {
  const { kind, epsilon, unitOffset } = norm.config;
  const centered = kind === 'layer';
  return { active, clip: coefficientClip, centered, epsilon, unitOffset: !centered && unitOffset };
}
