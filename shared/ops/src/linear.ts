/** @file The linear map y = x Wᵀ, and several of them that share x. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';
import { transposeMatrix } from './transpose-matrix.ts';

type LinearAttributes = {
  /** The number of weights. */
  count: number;
};

const op = defineOp({
  kernelName: 'Linear',
  values: ({ count }: LinearAttributes) => count,
  forward({ x, ...weights }: NamedTensors<'x'> & NamedTensors) {
    const rows = asRows(x); // [n, in]
    return Object.values(weights).map((weight) =>
      tf.reshape(multiply(rows, weight), [...x.shape.slice(0, -1), weight.shape[0]!]),
    );
  },
  saved: (inputs) => inputs,
  gradient(dValues, { x, ...weights }) {
    const rows = asRows(x); // [n, in]
    const dRows = dValues.map(asRows); // [n, out] each
    const dX = Object.values(weights).map((weight, i) => tf.matMul(dRows[i]!, weight)); // [n, in] each
    const dWeights = dRows.map((dRow) => tf.matMul(transposeMatrix(dRow), rows)); // [out, in] each
    return [tf.reshape(dX.length === 1 ? dX[0]! : tf.addN(dX), x.shape), ...dWeights];
  },
});

/** [..., d] -> [n, d]. */
function asRows(x: tf.Tensor): tf.Tensor {
  return tf.reshape(x, [-1, x.shape.at(-1)!]);
}

/**
 * [n, in] · [out, in]ᵀ -> [n, out]. Whatever is on the right of a product is copied to XNNPACK's layout first, so for few rows, as
 * in generation, the weight should be on the left.
 */
function multiply(rows: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return rows.shape[0]! < weight.shape[0]! / 2
    ? transposeMatrix(tf.matMul(weight, transposeMatrix(rows)))
    : tf.matMul(rows, transposeMatrix(weight));
}

/**
 * Maps the last axis by each of several weight matrices in PyTorch's and Hugging Face's layout, without biases: the projections to
 * queries, keys and values, say. As one operation they read x once, keep it once, and sum its gradient as they go.
 *
 * Kernels `Linear`, `LinearGrad`.
 *
 * @param x [..., in]
 * @param weights [out, in] each
 * @returns [..., out] for each weight
 */
export function linears(x: tf.Tensor, weights: readonly tf.Tensor[]): tf.Tensor[] {
  return op({ x, ...numbered('weight', weights) } as NamedTensors<'x'> & NamedTensors, { count: weights.length });
}

/** One of {@link linears}. */
export function linear(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return linears(x, [weight])[0]!;
}
