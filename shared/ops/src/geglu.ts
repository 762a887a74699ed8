/**
 * @file The GeGLU gate (Shazeer 2020, https://arxiv.org/abs/2002.05202), with GELU's approximation by tanh (Hendrycks & Gimpel 2016,
 * https://arxiv.org/abs/1606.08415).
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

const SLOPE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** What is computed, and its gradients by gate and up. */
export const gegluReference = {
  value: (gate: tf.Tensor, up: tf.Tensor): tf.Tensor => tf.mul(tf.mul(gate, tf.mul(tf.add(tanhOf(gate), 1), 0.5)), up),
  gradient(dValue: tf.Tensor, gate: tf.Tensor, up: tf.Tensor): [tf.Tensor, tf.Tensor] {
    const tanh = tanhOf(gate);
    const half = tf.mul(tf.add(tanh, 1), 0.5);
    // gelu'(g) = (1 + tanh u) / 2 + g / 2 (1 − tanh² u) u', with u' = √(2/π) (1 + 3 · 0.044715 g²)
    const uSlope = tf.mul(tf.add(tf.mul(tf.square(gate), 3 * CUBIC), 1), SLOPE);
    const tanhSlope = tf.sub(1, tf.square(tanh));
    const slope = tf.add(half, tf.mul(tf.mul(tf.mul(gate, 0.5), tanhSlope), uSlope));
    return [tf.mul(tf.mul(dValue, up), slope), tf.mul(dValue, tf.mul(gate, half))];
  },
};

const op = defineOp({
  kernelName: 'Geglu',
  forward: ({ gate, up }: NamedTensors<'gate' | 'up'>) => [gegluReference.value(gate, up)],
  saved: ({ gate, up }) => ({ gate, up }),
  gradient: ([dValue], { gate, up }) => gegluReference.gradient(dValue, gate, up),
});

/** tanh u with u = √(2/π) (g + 0.044715 g³). */
function tanhOf(gate: tf.Tensor): tf.Tensor {
  return tf.tanh(tf.mul(tf.mul(gate, tf.add(tf.mul(tf.square(gate), CUBIC), 1)), SLOPE));
}

/**
 * Gates one projection by another: `gelu(gate) · up`, where `gelu(g) = g / 2 · (1 + tanh(√(2/π) (g + 0.044715 g³)))`.
 *
 * Kernels `Geglu`, `GegluGrad`.
 *
 * @param gate [..., d]
 * @param up [..., d]
 * @returns [..., d]
 */
export function geglu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return op({ gate, up }, {})[0]!;
}
