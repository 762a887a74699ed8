/** @file Gated feed-forward networks (Shazeer 2020, https://arxiv.org/abs/2002.05202) as one operation. */
import * as tf from '@tensorflow/tfjs-core';
import { frozenLinears } from './frozen-linear.ts';
import { type FrozenMatrix, isFrozen, type LowRankUpdate } from './frozen-matrix.ts';
import { geglu, gegluReference } from './geglu.ts';
import { isWatched } from './linear-inputs.ts';
import { addUpdate, linear, linearAdd, linears } from './linear.ts';
import { defineOp } from './op.ts';
import { recompute } from './recompute.ts';
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
    if (isFrozen(down) && down.update !== undefined)
      return adaptedDown(gates, ups, down, down.update, activation, residual);
    const hidden = gated(activation, gates, ups);
    return residual === undefined ? linear(hidden, down) : linearAdd(hidden, down, residual);
  }
  const hasResidual = residual !== undefined;
  return op({ x, gate, up, down, ...(hasResidual ? { residual } : {}) }, { activation, hasResidual })[0]!;
}

const gated = (activation: FeedForwardAttributes['activation'], gates: tf.Tensor, ups: tf.Tensor): tf.Tensor =>
  activation === 'silu' ? swiglu(gates, ups) : geglu(gates, ups);

/** The last product, by a matrix that does not learn with an update that does: the activated features, which only that needs, are computed again, too. */
function adaptedDown(
  gates: tf.Tensor,
  ups: tf.Tensor,
  { frozen }: FrozenMatrix,
  update: LowRankUpdate,
  activation: FeedForwardAttributes['activation'],
  residual: tf.Tensor | undefined,
): tf.Tensor {
  const activate = (inputs: { gates: tf.Tensor; ups: tf.Tensor; a: tf.Tensor }) => {
    const activated = gated(activation, inputs.gates, inputs.ups);
    return { hidden: activated, low: linear(activated, inputs.a) };
  };
  const { hidden, low } = recompute(activate, { gates, ups, a: update.a }, {});
  const [product] = frozenLinears(hidden, [frozen], { headDim: 0, residual });
  if (product === undefined) throw new Error('a matrix has no product');
  tf.dispose([hidden, gates, ups]); // what the gradient needs of them is kept
  return addUpdate(product, low, update);
}
