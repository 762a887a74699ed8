/** @file The columns of a matrix: their means, and a factor for each. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** The sum over rows, as a product with ones: the wasm backend would transpose to sum over the first axis. */
function columnSums(x: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.matMul(tf.ones([1, x.shape[0]!]), x), [x.shape[1]!]);
}

const meansOp = defineOp({
  kernelName: 'ColumnMeans',
  forward: ({ x }: NamedTensors<'x'>) => [tf.div(columnSums(x), x.shape[0]!)],
  saved: ({ x }) => ({ x }), // for its shape
  gradient: ([dValue], { x }) => [tf.tile(tf.div(tf.expandDims(dValue, 0), x.shape[0]!), [x.shape[0]!, 1])],
});

const scaleOp = defineOp({
  kernelName: 'ScaleColumns',
  forward: ({ x, factors }: NamedTensors<'x' | 'factors'>) => [tf.mul(x, factors)],
  saved: (inputs) => inputs,
  gradient: ([dValue], { x, factors }) => [tf.mul(dValue, factors), columnSums(tf.mul(dValue, x))],
});

/**
 * The mean of the rows.
 *
 * Kernels `ColumnMeans`, `ColumnMeansGrad`.
 *
 * @param x [n, d]
 * @returns [d]
 */
export function columnMeans(x: tf.Tensor): tf.Tensor {
  return meansOp({ x }, {})[0]!;
}

/**
 * Multiplies each column by its factor.
 *
 * Kernels `ScaleColumns`, `ScaleColumnsGrad`.
 *
 * @param x [n, d]
 * @param factors [d]
 * @returns [n, d]
 */
export function scaleColumns(x: tf.Tensor, factors: tf.Tensor): tf.Tensor {
  return scaleOp({ x, factors }, {})[0]!;
}
