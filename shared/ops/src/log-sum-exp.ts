/** @file ln Σ exp x, the softmax's denominator. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

const op = defineOp({
  kernelName: 'RowLogSumExp',
  forward: ({ x }: NamedTensors<'x'>) => [tf.logSumExp(x, 1)],
  saved: ({ x }, [value]) => ({ x, value: value! }),
  gradient: ([dValue], { x, value }) => [
    tf.mul(tf.exp(tf.sub(x, tf.expandDims(value, 1))), tf.expandDims(dValue, 1)), // the softmax, times the gradient
  ],
});

/**
 * The logarithm of the sum of each row's exponentials, without overflow.
 *
 * Kernels `RowLogSumExp`, `RowLogSumExpGrad`.
 *
 * @param x [n, E]
 * @returns [n]
 */
export function logSumExp(x: tf.Tensor): tf.Tensor {
  return op({ x }, {})[0]!;
}
