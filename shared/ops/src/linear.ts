/** @file The linear map y = x Wᵀ, several of them that share x, and one whose result is added to something. */
import type * as tf from '@tensorflow/tfjs-core';
import { frozenLinears } from './frozen-linear.ts';
import { type FrozenMatrix, isFrozen, type LowRankUpdate } from './frozen-matrix.ts';
import { reshape } from './reshape.ts';
import { scale } from './scale.ts';
import { allStored, isStored, storedLinears, type Weight } from './stored-matrix.ts';
import { tensorLinearAdd, tensorLinears } from './tensor-linear.ts';

export type LinearOptions = {
  /** Cuts values into heads of this size. */
  headDim?: number;
};

/** A tensor for each of the weights. */
export type PerWeight<W extends readonly unknown[]> = { [I in keyof W]: tf.Tensor };

/**
 * Maps the last axis by each of several weight matrices in PyTorch's and Hugging Face's layout, without biases: the projections to
 * queries, keys and values, say. As one operation they read x once, keep it once, and sum its gradient as they go. Of stored matrices there is no
 * gradient, of frozen ones that by x and by their updates.
 *
 * Kernels `Linear`, `LinearGrad`, and those of frozen-matrix.ts and stored-matrix.ts.
 *
 * @param x [..., in], or heads that make up as much, [..., n, in / n]
 * @param weights [out, in] each
 * @returns [..., out] for each weight; with `headDim`, [..., out / headDim, headDim]
 */
export function linears<const W extends readonly Weight[]>(
  x: tf.Tensor,
  weights: W,
  { headDim = 0 }: LinearOptions = {},
): PerWeight<W> {
  const stored = allStored(weights);
  if (stored !== undefined) return storedLinears(x, stored, { headDim }) as PerWeight<W>;
  if (weights.every(isFrozen)) return adaptedLinears(x, weights as readonly FrozenMatrix[], headDim) as PerWeight<W>;
  if (weights.some((weight) => isStored(weight) || isFrozen(weight)))
    return weights.flatMap((weight) => linears(x, [weight], { headDim })) as PerWeight<W>;
  return tensorLinears(x, weights as readonly tf.Tensor[], { headDim }) as PerWeight<W>;
}

/** One of {@link linears}. */
export function linear(x: tf.Tensor, weight: Weight): tf.Tensor {
  return linears(x, [weight])[0];
}

/**
 * `residual + linear(x, weight)`: what ends a sub-layer. The sum costs no pass over memory of its own, and no node of the tape.
 *
 * Kernels `LinearAdd`, `LinearAddGrad`, and those of frozen-matrix.ts and stored-matrix.ts.
 *
 * @param x [..., in], or heads that make up as much, [..., n, in / n]
 * @param weight [out, in]
 * @param residual [..., out]
 * @returns [..., out]
 */
export function linearAdd(x: tf.Tensor, weight: Weight, residual: tf.Tensor): tf.Tensor {
  if (isStored(weight)) return storedLinears(x, [weight], { residual })[0]!;
  if (isFrozen(weight)) return adaptedLinears(x, [weight], 0, residual)[0]!;
  return tensorLinearAdd(x, weight, residual);
}

/** y + scale · (x Aᵀ) Bᵀ of each matrix that has an update, where y are the frozen matrices' products, with the residual if there is one. */
function adaptedLinears(
  x: tf.Tensor,
  weights: readonly FrozenMatrix[],
  headDim: number,
  residual?: tf.Tensor,
): tf.Tensor[] {
  const updates = weights.flatMap(({ update }) => update ?? []);
  const products = frozenLinears(
    x,
    weights.map(({ frozen }) => frozen),
    // heads are cut when all is added
    { headDim: updates.length === 0 ? headDim : 0, residual },
  );
  if (updates.length === 0) return products;
  const matrices = updates.map(({ a }) => a);
  const low = tensorLinears(x, matrices, { headDim: 0 }).values(); // [..., r]
  const cut = (y: tf.Tensor) => (headDim === 0 ? y : reshape(y, [...y.shape.slice(0, -1), -1, headDim]));
  return weights.map(({ update }, i) => {
    const product = products[i]!; // one for each weight
    if (update === undefined) return cut(product);
    const next = low.next().value;
    if (next === undefined) throw new Error('an update has no product');
    return cut(addUpdate(product, next, update));
  });
}

/** product + scale · low Bᵀ, where low = x Aᵀ [..., r]; the product [..., out], which no gradient needs, is freed. */
export function addUpdate(product: tf.Tensor, low: tf.Tensor, { b, scale: factor }: LowRankUpdate): tf.Tensor {
  const y = tensorLinearAdd(scale(low, factor), b, product);
  product.dispose();
  return y;
}
