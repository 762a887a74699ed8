/** @file Linear maps by float32 matrices that may learn: the operations behind linear.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { tellInput } from './linear-inputs.ts';
import { defineOp, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';
import { transposeMatrix } from './transpose-matrix.ts';

type LinearAttributes = {
  /** The number of weights. */
  count: number;
  /** Size of the last axis of the values, which are cut into heads; 0 where they are not. */
  headDim: number;
};

const op = defineOp({
  kernelName: 'Linear',
  values: ({ count }: LinearAttributes) => count,
  forward({ x, ...weights }: NamedTensors<'x'> & NamedTensors, { headDim }) {
    return Object.values(weights).map((weight) => {
      const { rows, leading } = asRows(x, weight.shape[1]!);
      return tf.reshape(multiplyRows(rows, weight), [
        ...leading,
        ...(headDim === 0 ? [weight.shape[0]!] : [-1, headDim]),
      ]);
    });
  },
  saved: (inputs) => inputs,
  gradient: (dValues, { x, ...weights }) => linearGradients(x!, Object.values(weights), dValues),
});

const addOp = defineOp({
  kernelName: 'LinearAdd',
  forward({ x, weight, residual }: NamedTensors<'x' | 'weight' | 'residual'>) {
    const product = multiplyRows(asRows(x, weight.shape[1]!).rows, weight);
    return [tf.add(tf.reshape(product, residual.shape), residual)];
  },
  saved: ({ x, weight }) => ({ x, weight }),
  gradient: ([dValue], { x, weight }) => [...linearGradients(x, [weight], [dValue]), tf.clone(dValue)],
});

/** [..., d] or [..., heads, d / heads] -> [n, d]. */
function asRows(x: tf.Tensor, d: number): { rows: tf.Tensor; leading: number[] } {
  return { rows: tf.reshape(x, [-1, d]), leading: x.shape.slice(0, x.shape.at(-1) === d ? -1 : -2) };
}

/** Gradients of x and of each weight. */
export function linearGradients(x: tf.Tensor, weights: tf.Tensor[], dValues: tf.Tensor[]): tf.Tensor[] {
  const rows = tf.reshape(x, [-1, weights[0]!.shape[1]!]); // [n, in]
  const dRows = dValues.map((dValue, i) => tf.reshape(dValue, [-1, weights[i]!.shape[0]!])); // [n, out] each
  const dX = weights.map((weight, i) => tf.matMul(dRows[i]!, weight)); // [n, in] each
  const dWeights = dRows.map((dRow) => tf.matMul(transposeMatrix(dRow), rows)); // [out, in] each
  return [tf.reshape(dX.length === 1 ? dX[0]! : tf.addN(dX), x.shape), ...dWeights];
}

/**
 * [n, in] · [out, in]ᵀ -> [n, out]. Whatever is on the right of a product is copied to XNNPACK's layout first, so for few rows, as
 * in generation, the weight should be on the left.
 */
export function multiplyRows(rows: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return rows.shape[0]! < weight.shape[0]! / 2
    ? transposeMatrix(tf.matMul(weight, transposeMatrix(rows)))
    : tf.matMul(rows, transposeMatrix(weight));
}

/** `linears` of matrices that are tensors. */
export function tensorLinears(
  x: tf.Tensor,
  weights: readonly tf.Tensor[],
  { headDim }: { headDim: number },
): tf.Tensor[] {
  tellInput(weights, x);
  const inputs = { x, ...numbered('weight', weights) } as NamedTensors<'x'> & NamedTensors;
  return op(inputs, { count: weights.length, headDim });
}

/** `linearAdd` of a matrix that is a tensor. */
export function tensorLinearAdd(x: tf.Tensor, weight: tf.Tensor, residual: tf.Tensor): tf.Tensor {
  tellInput([weight], x);
  return addOp({ x, weight, residual }, {})[0]!;
}
