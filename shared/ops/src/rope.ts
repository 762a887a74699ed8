/**
 * @file Rotary position embedding (Su et al. 2021, https://arxiv.org/abs/2104.09864), with the halves of a head's vector as the
 * two coordinates of its planes, as in Hugging Face's models.
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';

export interface RopeTablesOptions {
  /** Number of positions. */
  length: number;
  /** Size of a head's vector; even. */
  headDim: number;
  /** Base of the geometric series of wavelengths. */
  theta: number;
  /** The first position. */
  offset?: number;
}

/**
 * The cosines and sines of every position's angles, in float64 rounded to float32.
 *
 * @returns two tensors [length, headDim / 2]; plane i turns by `position · theta^(-2i / headDim)`
 */
export function ropeTables({ length, headDim, theta, offset = 0 }: RopeTablesOptions): {
  cos: tf.Tensor;
  sin: tf.Tensor;
} {
  const planes = headDim / 2;
  const cos = new Float32Array(length * planes);
  const sin = new Float32Array(length * planes);
  for (let i = 0; i < planes; i++) {
    const frequency = theta ** ((-2 * i) / headDim);
    for (let position = 0; position < length; position++) {
      const angle = (offset + position) * frequency;
      cos[position * planes + i] = Math.cos(angle);
      sin[position * planes + i] = Math.sin(angle);
    }
  }
  return { cos: tf.tensor(cos, [length, planes]), sin: tf.tensor(sin, [length, planes]) };
}

const op = defineOp({
  kernelName: 'Rope',
  inputs: { differentiable: ['x'], constant: ['cos', 'sin'] },
  forward: ([x, cos, sin]) => [rotate(x!, cos!, sin!)],
  // A rotation's transpose is the rotation back.
  gradient: (dValue, [, cos, sin]) => [rotate(dValue, cos!, tf.neg(sin!))],
});

/** x · cos + rotateHalf(x) · sin, with the tables repeated for both halves. */
function rotate(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  const [s, planes] = cos.shape as [number, number];
  const both = (table: tf.Tensor) => tf.reshape(tf.concat([table, table], 1), [1, s, 1, 2 * planes]); // [1, s, 1, h_d]
  return tf.add(tf.mul(x, both(cos)), tf.mul(rotateHalf(x), both(sin)));
}

/**
 * (first half, second half) -> (−second half, first half) of the last axis, as a product with a signed permutation matrix: exact,
 * and at the sizes of heads faster with the wasm backend than to split and concatenate.
 */
function rotateHalf(x: tf.Tensor): tf.Tensor {
  const hd = x.shape.at(-1)!;
  const permutation = new Float32Array(hd * hd);
  for (let i = 0; i < hd / 2; i++) {
    permutation[(i + hd / 2) * hd + i] = -1;
    permutation[i * hd + i + hd / 2] = 1;
  }
  return tf.reshape(tf.matMul(tf.reshape(x, [-1, hd]), tf.tensor2d(permutation, [hd, hd])), x.shape);
}

/**
 * Turns each plane (x[i], x[i + h_d / 2]) of every head's vector by its position's angle.
 *
 * Kernels `Rope`, `RopeGrad`.
 *
 * @param x queries or keys [b, s, n, h_d]
 * @param cos cosines [s, h_d / 2]; see {@link ropeTables}
 * @param sin sines [s, h_d / 2]
 * @returns [b, s, n, h_d]
 */
export function rope(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  return op([x, cos, sin], {});
}
