/** @file The bias of a linear layer. */
import * as tf from '@tensorflow/tfjs-core';
import { runNode } from './tape.ts';

/**
 * Adds a vector to each of the last axis.
 *
 * @param x [..., d]
 * @param bias [d]
 * @returns [..., d]
 */
export function addBias(x: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const d = bias.shape[0]!;
  return runNode({
    inputs: { x, bias },
    forward: () => [tf.add(x, bias)],
    backward([dValue]) {
      const rows = tf.reshape(dValue, [-1, d]); // [n, d]
      // The sum over rows, as a product with ones: the wasm backend would transpose to sum over the first axis.
      const dBias = tf.matMul(tf.ones([1, rows.shape[0]!]), rows);
      return [tf.clone(dValue), tf.reshape(dBias, [d])];
    },
  })[0]!;
}
