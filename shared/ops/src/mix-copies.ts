/**
 * @file Sums of several tensors with coefficients of each position's own, as between the copies of the residual stream in AltUp (Baykal et al. 2023,
 * https://arxiv.org/abs/2301.13310); and the mean square of each position.
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';

type MixAttributes = {
  /** The number of copies that go in. */
  inputs: number;
  /** The number that come out. */
  outputs: number;
};

const mixOp = defineOp({
  kernelName: 'MixCopies',
  values: ({ outputs }: MixAttributes) => outputs,
  forward: ({ coefficients, ...copies }: NamedTensors<'coefficients'> & NamedTensors, { inputs, outputs }) =>
    Array.from({ length: outputs }, (_, i) =>
      tf.addN(Object.values(copies).map((copy, j) => tf.mul(copy, column(coefficients, i * inputs + j)))),
    ),
  saved: (inputs) => inputs,
  gradient(dValues, { coefficients, ...copies }, _, { inputs }) {
    const dCoefficients = dValues.flatMap((dValue) =>
      Object.values(copies).map((copy) => tf.sum(tf.mul(dValue, copy), -1, true)),
    );
    const dCopies = Object.values(copies).map((_copy, j) =>
      tf.addN(dValues.map((dValue, i) => tf.mul(dValue, column(coefficients, i * inputs + j)))),
    );
    return [tf.concat(dCoefficients, -1), ...dCopies];
  },
});

/** [..., n] -> [..., 1] */
function column(x: tf.Tensor, index: number): tf.Tensor {
  const begin = x.shape.map((_, axis) => (axis === x.rank - 1 ? index : 0));
  return tf.slice(x, begin, [...x.shape.slice(0, -1), 1]);
}

/**
 * y_i = Σ_j coefficients[..., i · m + j] · x_j, position by position.
 *
 * Kernels `MixCopies`, `MixCopiesGrad`.
 *
 * @param copies m tensors [..., d]
 * @param coefficients [..., r · m]
 * @returns r tensors [..., d]
 */
export function mixCopies(copies: readonly tf.Tensor[], coefficients: tf.Tensor): tf.Tensor[] {
  const inputs = copies.length;
  const outputs = coefficients.shape.at(-1)! / inputs;
  return mixOp({ coefficients, ...numbered('copy', copies) } as NamedTensors<'coefficients'> & NamedTensors, {
    inputs,
    outputs,
  });
}

const meanSquareOp = defineOp({
  kernelName: 'MeanSquare',
  forward: ({ x }: NamedTensors<'x'>) => [tf.mean(tf.square(x), -1, true)],
  saved: ({ x }) => ({ x }),
  gradient: ([dValue], { x }) => [tf.mul(x, tf.mul(dValue, 2 / x.shape.at(-1)!))],
});

/**
 * The mean of the squares of each vector.
 *
 * Kernels `MeanSquare`, `MeanSquareGrad`.
 *
 * @param x [..., d]
 * @returns [..., 1]
 */
export function meanSquare(x: tf.Tensor): tf.Tensor {
  return meanSquareOp({ x }, {})[0]!;
}
