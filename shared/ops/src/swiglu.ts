/** @file The SwiGLU gate (Shazeer 2020, https://arxiv.org/abs/2002.05202). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

const op = defineOp({
  kernelName: 'Swiglu',
  forward: ({ gate, up }: NamedTensors<'gate' | 'up'>) => [tf.mul(tf.mul(gate, tf.sigmoid(gate)), up)],
  saved: ({ gate, up }) => ({ gate, up }),
  gradient([dValue], { gate, up }) {
    const sigmoid = tf.sigmoid(gate); // again, which is cheaper than the memory to save it
    const silu = tf.mul(gate, sigmoid);
    // silu'(g) = σ + g σ (1 − σ) = σ + silu − silu σ
    const slope = tf.sub(tf.add(sigmoid, silu), tf.mul(silu, sigmoid));
    return [tf.mul(tf.mul(dValue, up), slope), tf.mul(dValue, silu)];
  },
});

/**
 * Gates one projection by another: `silu(gate) · up`, where `silu(g) = g · sigmoid(g)`.
 *
 * Kernels `Swiglu`, `SwigluGrad`.
 *
 * @param gate [..., d]
 * @param up [..., d]
 * @returns [..., d]
 */
export function swiglu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return op({ gate, up }, {})[0]!;
}
