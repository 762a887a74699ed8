/** @file The SwiGLU gate (Shazeer 2020, https://arxiv.org/abs/2002.05202). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** What is computed, and its gradients by gate and up. */
export const swigluReference = {
  value: (gate: tf.Tensor, up: tf.Tensor): tf.Tensor => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up),
  gradient(dValue: tf.Tensor, gate: tf.Tensor, up: tf.Tensor): [tf.Tensor, tf.Tensor] {
    const sigmoid = tf.sigmoid(gate); // again, which is cheaper than the memory to save it
    const silu = tf.mul(gate, sigmoid);
    // silu'(g) = σ + g σ (1 − σ) = σ + silu − silu σ
    const slope = tf.sub(tf.add(sigmoid, silu), tf.mul(silu, sigmoid));
    return [tf.mul(tf.mul(dValue, up), slope), tf.mul(dValue, silu)];
  },
};

const op = defineOp({
  kernelName: 'Swiglu',
  forward: ({ gate, up }: NamedTensors<'gate' | 'up'>) => [swigluReference.value(gate, up)],
  saved: ({ gate, up }) => ({ gate, up }),
  gradient: ([dValue], { gate, up }) => swigluReference.gradient(dValue, gate, up),
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
