/**
 * @file Linear maps of which each group of rows has its own, as the experts of a mixture: the grouped matrix product of MegaBlocks (Gale
 * et al. 2022, https://arxiv.org/abs/2211.15841).
 */
import * as tf from '@tensorflow/tfjs-core';
import { tellInput } from './linear-inputs.ts';
import { defineOp, numbered } from './op.ts';
import { rowBlocks } from './row-blocks.ts';
import type { PerWeight } from './linear.ts';
import { frozenGroupedLinears } from './frozen-linear.ts';
import { isFrozen } from './frozen-matrix.ts';
import { allStored, isStored, storedGroupedLinears, type Weight } from './stored-matrix.ts';
import type { NamedTensors } from './tape.ts';
import { transposeMatrix } from './transpose-matrix.ts';
import { unstack } from './unstack.ts';

type GroupedLinearAttributes = {
  /** The number of weights. */
  count: number;
};

const op = defineOp({
  kernelName: 'GroupedLinear',
  constants: ['offsets'],
  values: ({ count }: GroupedLinearAttributes) => count,
  forward({ x, offsets, ...weights }: NamedTensors<'x' | 'offsets'> & NamedTensors) {
    const n = x.shape[0]!;
    if (n === 0) return Object.values(weights).map(({ shape }) => tf.zeros([0, shape[1]!]));
    const blocks = rowBlocks(offsets, n);
    const [xs, groups] = [blocks.split(x), unstack(blocks.groups)]; // of each block, [B, in] and []
    return Object.values(weights).map((weight) => {
      const product = (rows: tf.Tensor, i: number) => tf.matMul(rows, transposeMatrix(matrix(weight, groups[i]!)));
      return blocks.join(xs.map((rows, i) => tf.tidy(() => product(rows, i)))); // [n, out]
    });
  },
  saved: (inputs) => inputs,
  gradient(dValues, { x, offsets, ...weights }) {
    const n = x.shape[0]!;
    if (n === 0) return [x, ...Object.values(weights)].map((input) => tf.zerosLike(input));
    const blocks = rowBlocks(offsets, n);
    const [xs, groups] = [blocks.split(x), unstack(blocks.groups)];
    const gradients = Object.values(weights).map((weight, i) => {
      const dYs = blocks.split(dValues[i]!); // [B, out] each
      const dXs = dYs.map((dY, j) => tf.tidy(() => tf.matMul(dY, matrix(weight, groups[j]!)))); // [B, in] each
      const dWeights = dYs.map((dY, j) => tf.tidy(() => tf.matMul(transposeMatrix(dY), xs[j]!))); // [out, in] each
      return {
        dX: blocks.join(dXs), // [n, in]
        dWeight: tf.scatterND(tf.expandDims(blocks.groups, -1), tf.stack(dWeights), weight.shape as Matrices), // sums by group
      };
    });
    const dXs = gradients.map(({ dX }) => dX);
    return [dXs.length === 1 ? dXs[0]! : tf.addN(dXs), ...gradients.map(({ dWeight }) => dWeight)];
  },
});

/** [E, out, in]. */
type Matrices = [number, number, number];

/** One matrix [out, in] of a stack [E, out, in], by its number: int32 []. */
function matrix(weight: tf.Tensor, group: tf.Tensor): tf.Tensor {
  const [, out, input] = weight.shape as Matrices;
  return tf.reshape(tf.gatherND(weight, tf.reshape(group, [1, 1])), [out, input]);
}

/**
 * Maps each group of rows by its own matrix of each of several stacks, without biases: the gate and up projections of experts, say.
 * No row is dropped, and no group computes with the rows of others; a kernel need not pad any, either.
 *
 * Kernels `GroupedLinear`, `GroupedLinearGrad`.
 *
 * @param x rows sorted by group [n, in]
 * @param weights a matrix for each of E groups [E, out, in], for each stack
 * @param offsets int32 [E + 1], rising from 0 to n: group g has the rows from offsets[g] to before offsets[g + 1], maybe none
 * @returns [n, out] for each stack; the gradient of a matrix without rows is 0
 */
export function groupedLinears<const W extends readonly Weight[]>(
  x: tf.Tensor,
  weights: W,
  offsets: tf.Tensor,
): PerWeight<W> {
  const stored = allStored(weights);
  if (stored !== undefined) return storedGroupedLinears(x, stored, offsets) as PerWeight<W>;
  const stacks = weights.flatMap((weight) => (isFrozen(weight) ? weight.frozen : []));
  if (stacks.length === weights.length) {
    const frozen = allStored(stacks);
    // Of tensors, the gradient by the stack is computed, too, for nobody.
    return (
      frozen === undefined ? groupedLinears(x, stacks, offsets) : frozenGroupedLinears(x, frozen, offsets)
    ) as PerWeight<W>;
  }
  if (weights.some((weight) => isStored(weight) || isFrozen(weight)))
    return weights.flatMap((weight) => groupedLinears(x, [weight], offsets)) as PerWeight<W>;
  const tensors = weights as readonly tf.Tensor[];
  tellInput(tensors, x, offsets);
  const inputs = { x, offsets, ...numbered('weight', tensors) } as NamedTensors<'x' | 'offsets'> & NamedTensors;
  return op(inputs, { count: weights.length }) as PerWeight<W>;
}
