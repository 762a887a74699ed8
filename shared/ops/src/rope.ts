/** @file Rotary position embedding (Su et al. 2021, https://arxiv.org/abs/2104.09864). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

/**
 * The angle per position of each plane, a geometric series.
 *
 * @param headDim size of a head's vector, or of the part of it that turns; even
 * @param theta base of the wavelengths
 * @returns headDim / 2 angles in radians; plane i has `theta^(-2i / headDim)`
 */
export function ropeFrequencies(headDim: number, theta: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, plane) => theta ** ((-2 * plane) / headDim));
}

export interface RopeTablesOptions {
  /** Number of positions. */
  length: number;
  /** The angle per position of each plane; see {@link ropeFrequencies}. */
  frequencies: Float64Array;
  /** The first position. */
  offset?: number;
  /** Factor of all entries, by which YaRN scales queries and keys. */
  amplitude?: number;
}

/**
 * The cosines and sines of every position's angles, in float64 rounded to float32.
 *
 * @returns two tensors [length, planes]
 */
export function ropeTables({ length, frequencies, offset = 0, amplitude = 1 }: RopeTablesOptions): {
  cos: tf.Tensor;
  sin: tf.Tensor;
} {
  const planes = frequencies.length;
  const cos = new Float32Array(length * planes);
  const sin = new Float32Array(length * planes);
  for (const [plane, frequency] of frequencies.entries()) {
    for (let position = 0; position < length; position++) {
      const angle = (offset + position) * frequency;
      cos[position * planes + plane] = amplitude * Math.cos(angle);
      sin[position * planes + plane] = amplitude * Math.sin(angle);
    }
  }
  return { cos: tf.tensor(cos, [length, planes]), sin: tf.tensor(sin, [length, planes]) };
}

export type RopeOptions = {
  /**
   * Which coordinates a plane has: (x[2j], x[2j + 1]), as in Meta's models, or by default (x[j], x[j + planes]), the halves of what
   * turns, as in Hugging Face's.
   */
  interleaved?: boolean;
};

const op = defineOp({
  kernelName: 'Rope',
  constants: ['cos', 'sin'],
  forward: ({ x, cos, sin }: NamedTensors<'x' | 'cos' | 'sin'>, { interleaved }: Required<RopeOptions>) => [
    rotate(x, cos, sin, interleaved),
  ],
  saved: ({ cos, sin }) => ({ cos, sin }),
  // A rotation's transpose is the rotation back.
  gradient: ([dValue], { cos, sin }, _, { interleaved }) => [rotate(dValue, cos, tf.neg(sin), interleaved)],
});

/** x · cos + quarterTurn(x) · sin, with the tables' entries at both coordinates of their planes. */
export function rotate(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor, interleaved: boolean): tf.Tensor {
  const [s, planes] = cos.shape as [number, number];
  const hd = x.shape.at(-1)!;
  const perCoordinate = (table: tf.Tensor, rest: (shape: [number, number]) => tf.Tensor) => {
    const turning = tf.reshape(interleaved ? tf.stack([table, table], 2) : tf.concat([table, table], 1), [
      s,
      2 * planes,
    ]);
    const whole = hd === 2 * planes ? turning : tf.concat([turning, rest([s, hd - 2 * planes])], 1);
    return tf.reshape(whole, [1, s, 1, hd]);
  };
  return tf.add(
    tf.mul(x, perCoordinate(cos, tf.ones)),
    tf.mul(quarterTurn(x, planes, interleaved), perCoordinate(sin, tf.zeros)),
  );
}

/**
 * (a, b) -> (−b, a) in each plane of the last axis, as a product with a signed permutation matrix: exact, and at the sizes of
 * heads faster with the wasm backend than to split and concatenate.
 */
function quarterTurn(x: tf.Tensor, planes: number, interleaved: boolean): tf.Tensor {
  const hd = x.shape.at(-1)!;
  const permutation = new Float32Array(hd * hd); // [from, to]
  for (let j = 0; j < planes; j++) {
    const [a, b] = interleaved ? [2 * j, 2 * j + 1] : [j, j + planes];
    permutation[b * hd + a] = -1;
    permutation[a * hd + b] = 1;
  }
  return tf.reshape(tf.matMul(tf.reshape(x, [-1, hd]), tf.tensor2d(permutation, [hd, hd])), x.shape);
}

/**
 * Turns each plane of every head's vector by its position's angle. Tables with fewer than h_d / 2 planes turn the first
 * 2 · planes coordinates, and leave the rest as they are.
 *
 * Kernels `Rope`, `RopeGrad`.
 *
 * @param x queries or keys [b, s, n, h_d]
 * @param cos cosines [s, planes]; see {@link ropeTables}
 * @param sin sines [s, planes]
 * @returns [b, s, n, h_d]
 */
export function rope(
  x: tf.Tensor,
  cos: tf.Tensor,
  sin: tf.Tensor,
  { interleaved = false }: RopeOptions = {},
): tf.Tensor {
  return op({ x, cos, sin }, { interleaved })[0]!;
}
