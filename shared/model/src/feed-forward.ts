/** @file Gated feed-forward networks (Shazeer 2020, https://arxiv.org/abs/2002.05202), whole or the first part of a nested one. */
import {
  addBias,
  gatedFeedForward,
  gaussianTopK,
  geglu,
  isFrozen,
  isStored,
  linear,
  linearAdd,
  linears,
  swiglu,
  type Weight,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from './config.ts';
import type { GatedModule } from './modules.ts';

/** `activation(gate) · up`, [..., f]. */
export function gated(activation: Activation, gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return activation === 'silu' ? swiglu(gate, up) : geglu(gate, up);
}

/**
 * down(activation(gate(x)) · up(x)), and with a residual its sum with that.
 *
 * @param x [b, s, d]
 * @param options inner features to use, the first of f, all by default; and the residual [b, s, d], none by default
 * @returns [b, s, d]
 */
export function feedForward(
  { config: { activation, sparsity, intermediateSize }, gate, up, down }: GatedModule,
  x: tf.Tensor,
  { width = intermediateSize, residual }: { width?: number; residual?: tf.Tensor | undefined } = {},
): tf.Tensor {
  const weights = {
    gate: firstOf(gate.weight, 0, width), // [width, d]
    up: firstOf(up.weight, 0, width),
    down: firstOf(down.weight, 1, width), // [d, width]
  };
  if (down.bias === undefined && sparsity === 0) return gatedFeedForward(x, weights, { activation, residual });
  let [gates, ups] = linears(x, [weights.gate, weights.up]); // [b, s, width]
  if (gate.bias !== undefined) gates = addBias(gates, firstOfTensor(gate.bias, 0, width));
  if (up.bias !== undefined) ups = addBias(ups, firstOfTensor(up.bias, 0, width));
  if (sparsity > 0) gates = gaussianTopK(gates, { sparsity });
  const hidden = gated(activation, gates, ups);
  const output = residual === undefined ? linear(hidden, weights.down) : linearAdd(hidden, weights.down, residual); // [b, s, d]
  return down.bias === undefined ? output : addBias(output, down.bias);
}

/** @throws Error for a part of a stored matrix: the models within a nested one are taken out of it first */
function firstOf(weight: Weight, axis: 0 | 1, width: number): Weight {
  if (width === weight.shape[axis]) return weight;
  if (isStored(weight) || isFrozen(weight)) throw new Error('a width of a nested model needs float32 weights');
  return firstOfTensor(weight, axis, width);
}

function firstOfTensor(weight: tf.Tensor, axis: 0 | 1, width: number): tf.Tensor {
  if (width === weight.shape[axis]) return weight;
  const size = weight.shape.map((length, i) => (i === axis ? width : length));
  return tf.slice(
    weight,
    size.map(() => 0),
    size,
  );
}
