/** @file Gated feed-forward networks (Shazeer 2020, https://arxiv.org/abs/2002.05202) as one operation. */
import * as tf from '@tensorflow/tfjs-core';
import { isFrozen } from './frozen-matrix.ts';
import { geglu, gegluReference } from './geglu.ts';
import { isWatched } from './linear-inputs.ts';
import { linear, linearAdd, linears } from './linear.ts';
import { defineOp } from './op.ts';
import { isStored, storedGatedFeedForward, type Weight } from './stored-matrix.ts';
import { linearGradients, multiplyRows } from './tensor-linear.ts';
import { swiglu, swigluReference } from './swiglu.ts';
import type { NamedTensors } from './tape.ts';

const references = { silu: swigluReference, 'gelu-tanh': gegluReference };

type FeedForwardInputs = NamedTensors<'x' | 'gate' | 'up' | 'down'> & Partial<NamedTensors<'residual'>>;

type FeedForwardAttributes = {
  activation: keyof typeof references;
  hasResidual: boolean;
};

const op = defineOp({
  kernelName: 'GatedFeedForward',
  forward({ x, gate, up, down, residual }: FeedForwardInputs, { activation }: FeedForwardAttributes) {
    const rows = tf.reshape(x, [-1, x.shape.at(-1)!]); // [n, d]
    const [gates, ups] = [multiplyRows(rows, gate), multiplyRows(rows, up)]; // [n, f]
    const y = tf.reshape(multiplyRows(references[activation].value(gates, ups), down), x.shape);
    return [residual === undefined ? y : tf.add(y, residual), gates, ups];
  },
  saved: ({ x, gate, up, down }) => ({ x, gate, up, down }),
  gradient([dValue], { x, gate, up, down }, [gates, ups], { activation, hasResidual }) {
    const { value, gradient } = references[activation];
    const [dHidden, dDown] = linearGradients(value(gates!, ups!), [down], [dValue]);
    const [dX, dGate, dUp] = linearGradients(x, [gate, up], gradient(dHidden!, gates!, ups!));
    return [dX!, dGate!, dUp!, dDown!, ...(hasResidual ? [tf.clone(dValue)] : [])];
  },
});

/**
 * `down(activation(gate(x)) · up(x))`, and with a residual its sum with that. The activated features are not kept for the gradient, which
 * computes them again.
 *
 * Kernels `GatedFeedForward`, `GatedFeedForwardGrad`.
 *
 * @param x [..., d]
 * @param weights gate and up [f, d], down [d, f]
 * @param options the activation: SiLU or GELU's approximation by tanh; a residual [..., d], or none
 * @returns [..., d]
 */
export function gatedFeedForward(
  x: tf.Tensor,
  { gate, up, down }: Readonly<Record<'gate' | 'up' | 'down', Weight>>,
  { activation, residual }: { activation: FeedForwardAttributes['activation']; residual?: tf.Tensor | undefined },
): tf.Tensor {
  if (isStored(gate) && isStored(up) && isStored(down)) {
    return storedGatedFeedForward(x, { gate, up, down }, { activation, residual });
  }
  const isPlain = (weight: Weight): weight is tf.Tensor => !isStored(weight) && !isFrozen(weight);
  if (!isPlain(gate) || !isPlain(up) || !isPlain(down) || isWatched()) {
    const [gates, ups] = linears(x, [gate, up]); // [..., f]
    const hidden = activation === 'silu' ? swiglu(gates, ups) : geglu(gates, ups);
    return residual === undefined ? linear(hidden, down) : linearAdd(hidden, down, residual);
  }
  const hasResidual = residual !== undefined;
  return op({ x, gate, up, down, ...(hasResidual ? { residual } : {}) }, { activation, hasResidual })[0]!;
}
