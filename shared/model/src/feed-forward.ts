/** @file Gated feed-forward networks (Shazeer 2020, https://arxiv.org/abs/2002.05202), whole or the first part of a nested one. */
import { addBias, gatedFeedForward, gaussianTopK, geglu, linear, linearAdd, linears, swiglu } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Activation, DenseConfig } from './config.ts';
import type { ParameterTensors } from './tensors.ts';

/** `activation(gate) · up`, [..., f]. */
export function gated(activation: Activation, gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return activation === 'silu' ? swiglu(gate, up) : geglu(gate, up);
}

/**
 * down(activation(gate(x)) · up(x)), and with a residual its sum with that.
 *
 * @param x [b, s, d]
 * @param weights `gate_proj.weight` [f, d], `up_proj.weight` [f, d], `down_proj.weight` [d, f], and their biases where there are any
 * @param options inner features to use, the first of f, all by default; and the residual [b, s, d], none by default
 * @returns [b, s, d]
 */
export function feedForward(
  { activation, bias, sparsity }: Pick<DenseConfig, 'activation' | 'bias' | 'sparsity'>,
  x: tf.Tensor,
  weights: ParameterTensors,
  { width, residual }: { width?: number; residual?: tf.Tensor | undefined } = {},
): tf.Tensor {
  const part = (name: string, axis: 0 | 1) => firstOf(weights[name]!, axis, width);
  const [wGate, wUp, wDown] = [part('gate_proj.weight', 0), part('up_proj.weight', 0), part('down_proj.weight', 1)];
  if (!bias && sparsity === 0) {
    return gatedFeedForward(x, { gate: wGate, up: wUp, down: wDown }, { activation, residual });
  }
  let [gate, up] = linears(x, [wGate, wUp]) as [tf.Tensor, tf.Tensor]; // [b, s, f]
  if (bias) {
    gate = addBias(gate, part('gate_proj.bias', 0));
    up = addBias(up, part('up_proj.bias', 0));
  }
  if (sparsity > 0) gate = gaussianTopK(gate, { sparsity });
  const hidden = gated(activation, gate, up);
  const output = residual === undefined ? linear(hidden, wDown) : linearAdd(hidden, wDown, residual); // [b, s, d]
  return bias ? addBias(output, weights['down_proj.bias']!) : output;
}

function firstOf(weight: tf.Tensor, axis: 0 | 1, width: number | undefined): tf.Tensor {
  if (width === undefined || width === weight.shape[axis]) return weight;
  const size = weight.shape.map((length, i) => (i === axis ? width : length));
  return tf.slice(
    weight,
    size.map(() => 0),
    size,
  );
}
