/** @file The norms of a decoder. */
import { layerNorm, rmsNorm } from '@arrowsmith/ops';
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
