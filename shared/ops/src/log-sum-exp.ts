/** @file ln Σ exp x, the softmax's denominator. */
import * as tf from '@tensorflow/tfjs-core';
import { runNode } from './tape.ts';

/**
 * The logarithm of the sum of each row's exponentials, without overflow.
 *
 * @param x [n, E]
 * @returns [n]
 */
export function logSumExp(x: tf.Tensor): tf.Tensor {
  return runNode({
    inputs: { x },
    forward(save) {
      save([x]);
      return [tf.logSumExp(x, 1)];
    },
    backward: ([dValue], [saved]) => [tf.mul(tf.softmax(saved!), tf.expandDims(dValue, 1))],
  })[0]!;
}
