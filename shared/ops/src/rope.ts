/** @file Rotary position embedding (Su et al. 2021, https://arxiv.org/abs/2104.09864). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

/**
 * The angle per position of each pair, a geometric series.
 *
 * @param headDim size of a head's vector, or of the part of it that is rotated; even
 * @param theta base of the wavelengths
 * @returns headDim / 2 angles in radians; pair i has `theta^(-2i / headDim)`
 */
export function ropeFrequencies(headDim: number, theta: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, pair) => theta ** ((-2 * pair) / headDim));
}

export interface RopeTablesOptions {
  /** Of each row of the tables. */
  positions: readonly number[];
  /** The angle per position of each pair; see {@link ropeFrequencies}. */
  frequencies: Float64Array;
  /** Factor of all entries, by which YaRN scales queries and keys. */
  amplitude?: number;
}

/** Successive positions. */
export const positionsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/**
 * The cosines and sines of every position's angles, in float64 rounded to float32.
 *
 * @returns two tensors [positions, rotaryPairs]
 */
export function ropeTables({ positions, frequencies, amplitude = 1 }: RopeTablesOptions): {
  cos: tf.Tensor;
  sin: tf.Tensor;
} {
  const shape: [number, number] = [positions.length, frequencies.length];
  const [cos, sin] = [new Float32Array(shape[0] * shape[1]), new Float32Array(shape[0] * shape[1])];
  fillRopeTables({ cos, sin }, { positions, frequencies, amplitude });
  return { cos: tf.tensor(cos, shape), sin: tf.tensor(sin, shape) };
}

/** {@link ropeTables} in memory that is there, [positions · rotaryPairs] each. */
export function fillRopeTables(
  { cos, sin }: { cos: Float32Array; sin: Float32Array },
  { positions, frequencies, amplitude = 1 }: RopeTablesOptions,
): void {
  const rotaryPairs = frequencies.length;
  for (const [pair, frequency] of frequencies.entries()) {
    for (const [row, position] of positions.entries()) {
      const angle = position * frequency;
      cos[row * rotaryPairs + pair] = amplitude * Math.cos(angle);
      sin[row * rotaryPairs + pair] = amplitude * Math.sin(angle);
    }
  }
}

export type RopeOptions = {
  /**
   * Which coordinates a pair has: (x[2j], x[2j + 1]), as in Meta's models, or by default (x[j], x[j + rotaryPairs]), the halves of what
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

/** x · cos + quarterTurn(x) · sin, with the tables' entries at both coordinates of their rotaryPairs. */
export function rotate(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor, interleaved: boolean): tf.Tensor {
  const [s, rotaryPairs] = cos.shape as [number, number];
  const hd = x.shape.at(-1)!;
  const perCoordinate = (table: tf.Tensor, rest: (shape: [number, number]) => tf.Tensor) => {
    const turning = tf.reshape(interleaved ? tf.stack([table, table], 2) : tf.concat([table, table], 1), [
      s,
      2 * rotaryPairs,
    ]);
    const whole = hd === 2 * rotaryPairs ? turning : tf.concat([turning, rest([s, hd - 2 * rotaryPairs])], 1);
    return tf.reshape(whole, [1, s, 1, hd]);
  };
  return tf.add(
    tf.mul(x, perCoordinate(cos, tf.ones)),
    tf.mul(quarterTurn(x, rotaryPairs, interleaved), perCoordinate(sin, tf.zeros)),
  );
}

/**
 * (a, b) -> (−b, a) in each pair of the last axis, as a product with a signed permutation matrix: exact, and at the sizes of
 * heads faster with the wasm backend than to split and concatenate.
 */
function quarterTurn(x: tf.Tensor, rotaryPairs: number, interleaved: boolean): tf.Tensor {
  const hd = x.shape.at(-1)!;
  const permutation = new Float32Array(hd * hd); // [from, to]
  for (let j = 0; j < rotaryPairs; j++) {
    const [a, b] = interleaved ? [2 * j, 2 * j + 1] : [j, j + rotaryPairs];
    permutation[b * hd + a] = -1;
    permutation[a * hd + b] = 1;
  }
  return tf.reshape(tf.matMul(tf.reshape(x, [-1, hd]), tf.tensor2d(permutation, [hd, hd])), x.shape);
}

/**
 * Rotates each pair of every head's vector by its position's angle. Tables with fewer than h_d / 2 pairs rotate the first
 * 2 · rotaryPairs coordinates, and leave the rest as they are.
 *
 * Kernels `Rope`, `RopeGrad`.
 *
 * @param x queries or keys [b, s, n, h_d]
 * @param cos cosines [s, rotaryPairs]; see {@link ropeTables}
 * @param sin sines [s, rotaryPairs]
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
