/** @file The norms of a decoder. */
import { layerNorm, rmsNorm, rmsNormResidual } from '@arrowsmith/ops';
import type * as tf from '@tensorflow/tfjs-core';
import type { NormModule } from './modules.ts';

/** Normalises each vector of the last axis. @param x [..., d] */
export function normalize(x: tf.Tensor, { config: { kind, epsilon, unitOffset }, weight }: NormModule): tf.Tensor {
  return kind === 'layer' ? layerNorm(x, weight, { epsilon }) : rmsNorm(x, weight, { epsilon, unitOffset });
}

/** {@link normalize} of a residual stream [..., d], and the stream to go on with; see `rmsNormResidual`. */
export function normalizeResidual(x: tf.Tensor, norm: NormModule): { normed: tf.Tensor; residual: tf.Tensor } {
  const { kind, epsilon, unitOffset } = norm.config;
  return kind === 'layer'
    ? { normed: normalize(x, norm), residual: x }
    : rmsNormResidual(x, norm.weight, { epsilon, unitOffset });
}
