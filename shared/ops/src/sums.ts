/** @file Sums of several tensors, and one tensor added to several. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';

type Count = {
  /** The number of tensors that there may be any of. */
  count: number;
};

const scaledSumOp = defineOp({
  kernelName: 'ScaledSum',
  forward: (terms: NamedTensors, { factor }: Count & { factor: number }) => [
    tf.mul(tf.addN(Object.values(terms)), factor),
  ],
  saved: () => ({}),
  gradient([dValue], _saved, _residuals, { count, factor }) {
    const dTerm = tf.mul(dValue, factor);
    return Array.from({ length: count }, () => tf.clone(dTerm)); // which share memory
  },
});

const addToEachOp = defineOp({
  kernelName: 'AddToEach',
  values: ({ count }: Count) => count,
  forward: ({ addition, ...xs }: NamedTensors<'addition'> & NamedTensors) =>
    Object.values(xs).map((x) => tf.add(x, addition)),
  saved: () => ({}),
  gradient: (dValues) => [tf.addN(dValues), ...dValues.map((dValue) => tf.clone(dValue))],
});

/**
 * factor · Σ x, in one pass.
 *
 * Kernels `ScaledSum`, `ScaledSumGrad`.
 *
 * @param xs of one shape
 */
export function scaledSum(xs: readonly tf.Tensor[], factor: number): tf.Tensor {
  return scaledSumOp(numbered('x', xs), { count: xs.length, factor })[0]!;
}

/**
 * x + addition for each x; as one operation it sums the addition's gradients in one pass.
 *
 * Kernels `AddToEach`, `AddToEachGrad`.
 *
 * @param xs of one shape
 * @param addition of the same
 */
export function addToEach(xs: readonly tf.Tensor[], addition: tf.Tensor): tf.Tensor[] {
  return addToEachOp({ addition, ...numbered('x', xs) }, { count: xs.length });
}
