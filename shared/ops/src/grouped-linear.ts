/**
 * @file Linear maps of which each group of rows has its own, as the experts of a mixture: the grouped matrix product of MegaBlocks (Gale
 * et al. 2022, https://arxiv.org/abs/2211.15841).
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';
import { transposeMatrix } from './transpose-matrix.ts';

type GroupedLinearAttributes = {
  /** The number of weights. */
  count: number;
};

const op = defineOp({
  kernelName: 'GroupedLinear',
  constants: ['offsets'],
  values: ({ count }: GroupedLinearAttributes) => count,
  forward({ x, offsets, ...weights }: NamedTensors<'x' | 'offsets'> & NamedTensors) {
    return Object.values(weights).map((weight) => {
      const parts = mapGroups(offsets, (group, rows) => tf.matMul(rows(x), transposeMatrix(matrix(weight, group)))); // [rows, out] each
      return joinRows(parts, weight.shape[1]!); // [n, out]
    });
  },
  saved: (inputs) => inputs,
  gradient(dValues, { x, offsets, ...weights }) {
    const dX = Object.values(weights).map((weight, i) => {
      const parts = mapGroups(offsets, (group, rows) => tf.matMul(rows(dValues[i]!), matrix(weight, group)));
      return joinRows(parts, x.shape[1]!); // [n, in]
    });
    const dWeights = Object.values(weights).map((weight, i) => {
      const parts = mapGroups(
        offsets,
        (_, rows) => tf.matMul(transposeMatrix(rows(dValues[i]!)), rows(x)), // [out, in]
        () => tf.zeros(weight.shape.slice(1)),
      );
      return tf.stack(parts); // [E, out, in]
    });
    return [dX.length === 1 ? dX[0]! : tf.addN(dX), ...dWeights];
  },
});

/**
 * What `use` makes of each group that has rows, in order, and `otherwise` of those that have none; `rows` takes the group's rows of a
 * matrix.
 */
function mapGroups(
  offsets: tf.Tensor,
  use: (group: number, rows: (x: tf.Tensor) => tf.Tensor) => tf.Tensor,
  otherwise?: () => tf.Tensor,
): tf.Tensor[] {
  const bounds = [...offsets.dataSync<'int32'>()];
  return bounds.slice(1).flatMap((end, group) => {
    const begin = bounds[group]!;
    if (begin === end) return otherwise === undefined ? [] : [otherwise()];
    return [tf.tidy(() => use(group, (x) => tf.slice(x, [begin, 0], [end - begin, x.shape[1]!])))];
  });
}

/** One matrix of a stack [E, out, in]. */
function matrix(weight: tf.Tensor, group: number): tf.Tensor {
  const [, out, input] = weight.shape as [number, number, number];
  return tf.reshape(tf.slice(weight, [group, 0, 0], [1, out, input]), [out, input]);
}

function joinRows(parts: tf.Tensor[], d: number): tf.Tensor {
  return parts.length === 0 ? tf.zeros([0, d]) : tf.concat(parts);
}

/**
 * Maps each group of rows by its own matrix of each of several stacks, without biases: the gate and up projections of experts, say.
 * Work and memory are those of the rows there are: none is padded, dropped or masked.
 *
 * Kernels `GroupedLinear`, `GroupedLinearGrad`.
 *
 * @param x rows sorted by group [n, in]
 * @param weights a matrix for each of E groups [E, out, in], for each stack
 * @param offsets int32 [E + 1], rising from 0 to n: group g has the rows from offsets[g] to before offsets[g + 1], maybe none
 * @returns [n, out] for each stack; the gradient of a matrix without rows is 0
 */
export function groupedLinears(x: tf.Tensor, weights: readonly tf.Tensor[], offsets: tf.Tensor): tf.Tensor[] {
  return op({ x, offsets, ...numbered('weight', weights) } as NamedTensors<'x' | 'offsets'> & NamedTensors, {
    count: weights.length,
  });
}
