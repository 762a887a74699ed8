/** @file Clips gradients by their joint norm (Pascanu et al. 2012, https://arxiv.org/abs/1211.5063). */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './op.ts';

const squaredNorm = defineKernel({
  kernelName: 'SquaredNorm',
  inputs: ['x'],
  reference: ([x]) => [tf.sum(tf.square(x!))],
});

/** The Euclidean norm of all elements of all tensors together: a scalar. */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tf.tidy(() => tf.sqrt(tf.addN(tensors.map((tensor) => squaredNorm([tensor], {})[0]!))));
}

/**
 * Scales tensors by one factor so that their global norm is at most `maximumNorm`; smaller ones keep their values.
 *
 * Kernel `SquaredNorm` for each tensor.
 *
 * @returns new tensors, and the global norm before clipping (a scalar)
 */
export function clipByGlobalNorm(
  tensors: readonly tf.Tensor[],
  maximumNorm: number,
): { clipped: tf.Tensor[]; norm: tf.Tensor } {
  return tf.tidy(() => {
    const norm = globalNorm(tensors);
    const factor = tf.minimum(tf.div(maximumNorm, norm), 1);
    return { clipped: tensors.map((tensor) => tf.mul(tensor, factor)), norm };
  });
}
