/** @file The softmax of rows, the sigmoid, and division by the sum: what makes probabilities of a router's logits. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

// Not `Softmax` and `Sigmoid`, which are tfjs's kernels.
const softmaxOp = defineOp({
  kernelName: 'RowSoftmax',
  forward: ({ x }: NamedTensors<'x'>) => [tf.softmax(x)],
  saved: (_, [value]) => ({ value: value! }),
  gradient: ([dValue], { value }) => [
    tf.mul(value, tf.sub(dValue, tf.sum(tf.mul(dValue, value), -1, true))), // p (g − Σ g p)
  ],
});

const sigmoidOp = defineOp({
  kernelName: 'DifferentiableSigmoid',
  forward: ({ x }: NamedTensors<'x'>) => [tf.sigmoid(x)],
  saved: (_, [value]) => ({ value: value! }),
  gradient: ([dValue], { value }) => [tf.mul(dValue, tf.mul(value, tf.sub(1, value)))],
});

const normalizeSumOp = defineOp({
  kernelName: 'NormalizeSum',
  forward({ x }: NamedTensors<'x'>) {
    const sums = tf.sum(x, 1, true); // [n, 1]
    return [tf.div(x, sums), sums];
  },
  saved: (_, [value]) => ({ value: value! }),
  gradient: ([dValue], { value }, [sums]) => [
    tf.div(tf.sub(dValue, tf.sum(tf.mul(dValue, value), 1, true)), sums!), // (g − Σ g y) / Σ x
  ],
});

/**
 * The softmax along the last axis. Of the k largest logits it gives the k largest probabilities of all, made to sum to 1.
 *
 * Kernels `RowSoftmax`, `RowSoftmaxGrad`.
 *
 * @param x [..., d]
 * @returns [..., d]
 */
export function softmax(x: tf.Tensor): tf.Tensor {
  return softmaxOp({ x }, {})[0]!;
}

/** 1 / (1 + e^−x) of each element. */
export function sigmoid(x: tf.Tensor): tf.Tensor {
  return sigmoidOp({ x }, {})[0]!;
}

/**
 * Each number divided by its row’s sum.
 *
 * Kernels `NormalizeSum`, `NormalizeSumGrad`.
 *
 * @param x [n, k]
 * @returns [n, k]
 */
export function normalizeSum(x: tf.Tensor): tf.Tensor {
  return normalizeSumOp({ x }, {})[0]!;
}
