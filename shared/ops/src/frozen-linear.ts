/** @file Linear maps by matrices that do not learn: gradients are by what they are multiplied with alone, of which nothing is kept for them. */
import * as tf from '@tensorflow/tfjs-core';
import { numbered, runBackendKernel } from './op.ts';
import { allStored, isStored, storedAttributes, type StoredMatrix } from './stored-matrix.ts';
import { type NamedTensors, runNode } from './tape.ts';
import { multiplyRows } from './tensor-linear.ts';

type Frozen = tf.Tensor | StoredMatrix;

const words = (matrices: readonly StoredMatrix[]): tf.Tensor[] => matrices.map((matrix) => matrix.words);

/**
 * Products with frozen matrices, whose updates do not count.
 *
 * Kernels of stored matrices `FrozenLinear`, `FrozenLinearGrad`; tensors are multiplied by operations of tfjs.
 *
 * @param x [..., in], or heads that make up as much, [..., n, in / n]
 * @param matrices [out, in] each
 * @param options the size of heads that values are cut into, 0: not; and for one matrix a residual [..., out] that its product is added to
 * @returns [..., out] each
 */
export function frozenLinears(
  x: tf.Tensor,
  matrices: readonly Frozen[],
  { headDim, residual }: { headDim: number; residual?: tf.Tensor | undefined },
): tf.Tensor[] {
  const inputs: NamedTensors = residual === undefined ? { x } : { x, residual };
  const stored = allStored(matrices);
  if (stored !== undefined) {
    const attributes = { ...storedAttributes(stored), headDim, shape: x.shape };
    return runNode({
      inputs,
      forward(save) {
        save(words(stored));
        return runBackendKernel('FrozenLinear', { ...inputs, ...numbered('words', words(stored)) }, attributes);
      },
      backward([dValue, ...others], saved) {
        const dValues = numbered('dValue', [dValue, ...others]);
        const dX = runBackendKernel('FrozenLinearGrad', { ...dValues, ...numbered('words', saved) }, attributes);
        return residual === undefined ? dX : [...dX, tf.clone(dValue)];
      },
    });
  }
  if (matrices.some(isStored)) throw new Error('matrices that share an input are all stored, or none is');
  const tensors = matrices as readonly tf.Tensor[];
  return runNode({
    inputs,
    forward(save) {
      save([...tensors]);
      return tensors.map((matrix) => {
        const [out, input] = matrix.shape as [number, number];
        const leading = x.shape.slice(0, x.shape.at(-1) === input ? -1 : -2);
        const y = multiplyRows(tf.reshape(x, [-1, input]), matrix);
        if (residual !== undefined) return tf.add(tf.reshape(y, residual.shape), residual);
        return tf.reshape(y, [...leading, ...(headDim === 0 ? [out] : [-1, headDim])]);
      });
    },
    backward(dValues, saved) {
      const dXs = saved.map((matrix, i) => tf.matMul(rowsOf(dValues[i], matrix), matrix)); // [n, in] each
      const dX = tf.reshape(dXs.length === 1 ? dXs[0]! : tf.addN(dXs), x.shape);
      return residual === undefined ? [dX] : [dX, tf.clone(dValues[0])];
    },
  });
}

/** [..., out] -> [n, out]. */
const rowsOf = (dValue: tf.Tensor | undefined, { shape: [out = 1] }: tf.Tensor): tf.Tensor => {
  if (dValue === undefined) throw new Error('a product has no gradient');
  return tf.reshape(dValue, [-1, out]);
};

/**
 * `groupedLinears` of frozen stacks of matrices, which are stored.
 *
 * Kernels `FrozenGroupedLinear`, `FrozenGroupedLinearGrad`.
 */
export function frozenGroupedLinears(x: tf.Tensor, stacks: readonly StoredMatrix[], offsets: tf.Tensor): tf.Tensor[] {
  const attributes = { ...storedAttributes(stacks), groups: stacks[0]?.shape[0] ?? 0 };
  return runNode({
    inputs: { x },
    forward(save) {
      save([offsets, ...words(stacks)]);
      return runBackendKernel('FrozenGroupedLinear', { x, offsets, ...numbered('words', words(stacks)) }, attributes);
    },
    backward(dValues, [savedOffsets, ...saved]) {
      const inputs = { ...numbered('dValue', dValues), offsets: savedOffsets!, ...numbered('words', saved) };
      return runBackendKernel('FrozenGroupedLinearGrad', inputs, attributes);
    },
  });
}
