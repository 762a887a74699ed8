/**
 * @file Matrices that training leaves as they are: gradients go through them, but there is none by them. One may have an update of low rank, which learns
 * in its place (LoRA, Hu et al. 2021, https://arxiv.org/abs/2106.09685): y = W x + scale · B (A x).
 *
 * Where the backend has kernels for stored matrices, a frozen one may stay in any format, of float32, too (QLoRA, Dettmers et al. 2023,
 * https://arxiv.org/abs/2305.14314): its floats exist while it is multiplied with, so that results are those of a matrix of these floats, bit for bit.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { isStored, type StoredMatrix, type Weight } from './stored-matrix.ts';

/** An update of rank r. */
export interface LowRankUpdate {
  /** [r, in] */
  a: tf.Tensor;
  /** [out, r] */
  b: tf.Tensor;
  /** Of their product. */
  scale: number;
}

export interface FrozenMatrix {
  /** [out, in], or [groups, out, in]. */
  shape: readonly number[];
  frozen: tf.Tensor | StoredMatrix;
  /** Of a matrix alone. */
  update?: LowRankUpdate | undefined;
}

export const isFrozen = (weight: Weight): weight is FrozenMatrix => 'frozen' in weight;

/** A matrix, or a stack of them, that does not learn. */
export const freeze = (matrix: tf.Tensor | StoredMatrix, update?: LowRankUpdate): FrozenMatrix => ({
  shape: matrix.shape,
  frozen: matrix,
  ...(update === undefined ? {} : { update }),
});

/** Frees a weight's memory; an update is its maker's. */
export function disposeWeight(weight: Weight): void {
  if (isFrozen(weight)) return disposeWeight(weight.frozen);
  (isStored(weight) ? weight.words : weight).dispose();
}
