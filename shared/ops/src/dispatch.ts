/**
 * @file The ways of tokens to their experts and back: dispatch and combine (Lepikhin et al., "GShard", 2020,
 * https://arxiv.org/abs/2006.16668), by sorting instead of masks (Gale et al., "MegaBlocks", 2022, https://arxiv.org/abs/2211.15841).
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** Where tokens go that are sorted by expert. */
export interface Routes {
  /** The row, of n·k rows sorted by expert, of each token's choice j: int32 [n, k]. Rows of one expert are in the tokens' order. */
  slots: tf.Tensor;
  /** Expert e has the rows from offsets[e] to before offsets[e + 1], maybe none: int32 [E + 1]. */
  offsets: tf.Tensor;
}

/**
 * Sorts the choices of all tokens by expert, stably. A loop over n·k integers, which on no backend would be worth a kernel.
 *
 * @param choices numbers of experts, int32 [n, k], each in [0, experts)
 */
export function sortByExpert(choices: tf.Tensor, experts: number): Routes {
  const chosen = choices.dataSync<'int32'>();
  const offsets = new Int32Array(experts + 1);
  chosen.forEach((expert, i) => {
    if (!(expert >= 0 && expert < experts)) throw new RangeError(`choice ${i} is expert ${expert} of ${experts}`);
    offsets[expert + 1]!++;
  });
  for (let expert = 0; expert < experts; expert++) offsets[expert + 1]! += offsets[expert]!;
  const next = offsets.slice();
  const slots = chosen.map((expert) => next[expert]!++);
  return { slots: tf.tensor(slots, choices.shape, 'int32'), offsets: tf.tensor1d(offsets, 'int32') };
}

type Inputs = NamedTensors<'x' | 'slots'> & Partial<NamedTensors<'weights'>>;

/** y[slots[i, j]] = weights[i, j] · x[i]: [n, d] -> [n k, d]. */
function toSlots(x: tf.Tensor, slots: tf.Tensor, weights: tf.Tensor | undefined): tf.Tensor {
  const k = slots.shape[1]!;
  const choices = new Int32Array(slots.size); // the inverse permutation
  slots.dataSync<'int32'>().forEach((slot, i) => (choices[slot] = i));
  const at = (rows: Int32Array) => tf.tensor2d(rows, [slots.size, 1], 'int32');
  const y = tf.gatherND(x, at(choices.map((choice) => Math.floor(choice / k)))); // [n k, d]
  if (weights === undefined) return y;
  return tf.mul(y, tf.reshape(tf.gatherND(tf.reshape(weights, [-1]), at(choices)), [-1, 1]));
}

/** y[i] = Σ_j weights[i, j] · x[slots[i, j]]: [n k, d] -> [n, d]. */
function fromSlots(x: tf.Tensor, slots: tf.Tensor, weights: tf.Tensor | undefined): tf.Tensor {
  const rows = tf.gatherND(x, tf.expandDims(slots, -1)); // [n, k, d]
  return tf.sum(weights === undefined ? rows : tf.mul(rows, tf.expandDims(weights, -1)), 1);
}

/** The gradient of the weights, x[i] · rows[slots[i, j]]: [n, k]; none without weights. */
function weightGradients(x: tf.Tensor, rows: tf.Tensor, { slots, weights }: Inputs): tf.Tensor[] {
  if (weights === undefined) return [];
  return [tf.sum(tf.mul(tf.gatherND(rows, tf.expandDims(slots, -1)), tf.expandDims(x, 1)), 2)];
}

const dispatchOp = defineOp({
  kernelName: 'Dispatch',
  constants: ['slots'],
  forward: ({ x, slots, weights }: Inputs) => [toSlots(x, slots, weights)],
  saved: (inputs) => inputs as NamedTensors<'x' | 'slots'>,
  gradient([dValue], saved: Inputs) {
    return [fromSlots(dValue, saved.slots, saved.weights), ...weightGradients(saved.x, dValue, saved)];
  },
});

const combineOp = defineOp({
  kernelName: 'Combine',
  constants: ['slots'],
  forward: ({ x, slots, weights }: Inputs) => [fromSlots(x, slots, weights)],
  saved: (inputs) => inputs as NamedTensors<'x' | 'slots'>,
  gradient([dValue], saved: Inputs) {
    return [toSlots(dValue, saved.slots, saved.weights), ...weightGradients(dValue, saved.x, saved)];
  },
});

/**
 * Copies each token's row to its k experts' rows, times a weight where there are weights (as Llama 4 does).
 *
 * Kernels `Dispatch`, `DispatchGrad`.
 *
 * @param x [n, d]
 * @param routes of {@link sortByExpert}, for n tokens
 * @param weights [n, k]
 * @returns rows sorted by expert, [n k, d]
 */
export function dispatch(x: tf.Tensor, { slots }: Routes, weights?: tf.Tensor): tf.Tensor {
  return dispatchOp(weights === undefined ? { x, slots } : { x, slots, weights }, {})[0]!;
}

/**
 * Sums the k experts' rows of each token, times their weights where there are weights: the adjoint of {@link dispatch}.
 *
 * Kernels `Combine`, `CombineGrad`.
 *
 * @param x rows sorted by expert, [n k, d]
 * @param routes of {@link sortByExpert}, for n tokens
 * @param weights [n, k]
 * @returns [n, d]
 */
export function combine(x: tf.Tensor, { slots }: Routes, weights?: tf.Tensor): tf.Tensor {
  return combineOp(weights === undefined ? { x, slots } : { x, slots, weights }, {})[0]!;
}
