/** @file Another shape for the same values. */
import * as tf from '@tensorflow/tfjs-core';
import { runNode } from './tape.ts';

/**
 * `tf.reshape`, whose gradient remembers the shape of x; that of `tf.reshape` itself keeps x alive until the backward pass.
 *
 * @param shape one size may be −1: whatever is left
 */
export function reshape(x: tf.Tensor, shape: number[]): tf.Tensor {
  return runNode({
    inputs: { x },
    forward: () => [tf.reshape(x, shape)],
    backward: ([dValue]) => [tf.reshape(dValue, x.shape)],
  })[0]!;
}
