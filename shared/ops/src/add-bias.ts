/** @file The bias of a linear layer. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

const op = defineOp({
  kernelName: 'AddBias',
  forward: ({ x, bias }: NamedTensors<'x' | 'bias'>) => [tf.add(x, bias)],
  saved: () => ({}),
  gradient([dValue]) {
    const d = dValue.shape.at(-1)!;
    const rows = tf.reshape(dValue, [-1, d]); // [n, d]
    // The sum over rows, as a product with ones: the wasm backend would transpose to sum over the first axis.
    const dBias = tf.matMul(tf.ones([1, rows.shape[0]!]), rows);
    return [tf.clone(dValue), tf.reshape(dBias, [d])];
  },
});

/**
 * Adds a vector to each of the last axis.
 *
 * Kernels `AddBias`, `AddBiasGrad`.
 *
 * @param x [..., d]
 * @param bias [d]
 * @returns [..., d]
 */
export function addBias(x: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return op({ x, bias }, {})[0]!;
}
