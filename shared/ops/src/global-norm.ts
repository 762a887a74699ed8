/** @file The joint norm of gradients, by which they are clipped (Pascanu et al. 2012, https://arxiv.org/abs/1211.5063). */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';

const kernel = defineKernel({
  kernelName: 'GlobalNorm',
  reference: (inputs: NamedTensors) => [
    tf.sqrt(tf.addN(Object.values(inputs).map((x) => tf.tidy(() => tf.sum(tf.square(x)))))),
  ],
});

/**
 * The Euclidean norm of all elements of all tensors together.
 *
 * Kernel `GlobalNorm`.
 *
 * @returns scalar
 */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Tensor {
  return kernel(numbered('x', tensors), { count: tensors.length })[0]!;
}
