/**
 * @file Alternating updates (Baykal et al. 2023, https://arxiv.org/abs/2301.13310), as in Gemma 3n: the residual stream has a copies, of which a
 * layer computes one, and predicts the others.
 */
import {
  altUpCorrect,
  altUpPredict,
  linear,
  linears,
  matchMagnitudes,
  scaledSum,
  type AltUpOptions,
  type AltUpRouter,
} from '@arrowsmith/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { AltUpConfig, NormConfig } from './config.ts';
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
  return projections.length === 0 ? [x] : [x, ...ofMagnitude(linears(x, projections), x)];
}

/** The mean of all copies, after the last layer: the inverse of {@link expandStream}. [b, s, d] */
export function mergeStream([first, ...others]: readonly tf.Tensor[], projections: readonly tf.Tensor[]): tf.Tensor {
  if (others.length === 0) return first!;
  const projected = others.map((copy, i) => linear(copy, projections[i]!));
  return scaledSum([first!, ...ofMagnitude(projected, first!)], 1 / (others.length + 1));
}

/** Vectors scaled to the root mean square of another's, position by position. */
function ofMagnitude(xs: readonly tf.Tensor[], other: tf.Tensor): tf.Tensor[] {
  return matchMagnitudes(xs, other, { least: LEAST_MEAN_SQUARE });
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
  return altUpPredict(stream, routerOf(weights, 'prediction_coefs.weight'), optionsOf(config, norm));
}

/** The predictions, each moved by its share of what the layer's output differs from the active one by. */
export function correct(
  config: AltUpConfig,
  norm: NormConfig,
  predictions: readonly tf.Tensor[],
  output: tf.Tensor,
  weights: ParameterTensors,
): tf.Tensor[] {
  return altUpCorrect(predictions, output, routerOf(weights, 'correction_coefs.weight'), optionsOf(config, norm));
}

/** @param coefficients the name of those */
function routerOf(weights: ParameterTensors, coefficients: string): AltUpRouter {
  return {
    norm: weights['router_norm.weight']!,
    weight: weights['modality_router.weight']!,
    coefficients: weights[coefficients]!,
  };
}

/** The limit is the model's: measured is what was trained. An imported model whose coefficients are beyond it has none. */
function optionsOf({ active, coefficientClip }: AltUpConfig, { kind, epsilon, unitOffset }: NormConfig): AltUpOptions {
  return {
    active,
    clip: coefficientClip,
    centered: kind === 'layer',
    epsilon,
    unitOffset: kind === 'rms' && unitOffset,
  };
}
