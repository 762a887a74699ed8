/**
 * @file The ways of tokens to their experts and back: dispatch and combine (Lepikhin et al., "GShard", 2020,
 * https://arxiv.org/abs/2006.16668), by sorting instead of masks (Gale et al., "MegaBlocks", 2022, https://arxiv.org/abs/2211.15841).
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { Routes } from './sort-by-expert.ts';
import type { NamedTensors } from './tape.ts';

type Inputs = NamedTensors<'x' | 'slots'> & Partial<NamedTensors<'weights'>>;

/** y[slots[i, j]] = weights[i, j] · x[i]: [n, d] -> [n k, d]. */
function toSlots(x: tf.Tensor, slots: tf.Tensor, weights: tf.Tensor | undefined): tf.Tensor {
  const [[n, k], d] = [slots.shape as [number, number], x.shape[1]!];
  const each = tf.expandDims(x, 1); // [n, 1, d]
  const rows = weights === undefined ? tf.tile(each, [1, k, 1]) : tf.mul(each, tf.expandDims(weights, -1)); // [n, k, d]
  return tf.scatterND(tf.reshape(slots, [-1, 1]), tf.reshape(rows, [n * k, d]), [n * k, d]);
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
 * @param routes of `sortByExpert`, for n tokens
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
 * @param routes of `sortByExpert`, for n tokens
 * @param weights [n, k]
 * @returns [n, d]
 */
export function combine(x: tf.Tensor, { slots }: Routes, weights?: tf.Tensor): tf.Tensor {
  return combineOp(weights === undefined ? { x, slots } : { x, slots, weights }, {})[0]!;
}
