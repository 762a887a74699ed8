/** @file The norms of a decoder. */
import { layerNorm, rmsNorm, rmsNormResidual } from '@arrowsmith/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { NormConfig } from './config.ts';

/**
 * Normalises each vector of the last axis.
 *
 * @param x [..., d]
 * @param weight [d]
 */
export function normalize(x: tf.Tensor, weight: tf.Tensor, { kind, epsilon, unitOffset }: NormConfig): tf.Tensor {
  return kind === 'layer' ? layerNorm(x, weight, { epsilon }) : rmsNorm(x, weight, { epsilon, unitOffset });
}

/**
 * {@link normalize} of a residual stream, and the stream to go on with; see `rmsNormResidual`.
 *
 * @param x [..., d]
 * @param weight [d]
 */
export function normalizeResidual(
  x: tf.Tensor,
  weight: tf.Tensor,
  norm: NormConfig,
): { normed: tf.Tensor; residual: tf.Tensor } {
  const { kind, epsilon, unitOffset } = norm;
  return kind === 'layer'
    ? { normed: normalize(x, weight, norm), residual: x }
    : rmsNormResidual(x, weight, { epsilon, unitOffset });
}
