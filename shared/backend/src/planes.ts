/** @file Numbers of their bit planes, on the backend that has kernels for it. */
import type { PredictedRowsOf } from '@arrowsmith/backend-native';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes numbers of 8, 16 or 32 bits of their heads and planes; all arrays are bytes in words of 32 bits, whose number is `words` for each plane.
 *
 * @param rest planes, of which the last is that of signs where numbers are signed
 * @param dropped so many of the lowest are not there
 */
export type JoinPlanes = (
  bits: 8 | 16 | 32,
  parts: { words: number; rest: number; isSigned: boolean; dropped: number },
  heads: Int32Array,
  planes: Int32Array,
  numbers: Int32Array,
) => void;

/**
 * Makes rows of 16-bit numbers of columns: row i of y [index.length, 2 pairs] is the column of x [2 pairs, distinct] that index[i] names. All arrays
 * are words of 32 bits.
 */
export type GatherColumns16 = (index: Int32Array, x: Int32Array, y: Int32Array) => void;

/**
 * Rows of bfloat16 y [rows, columns] of distinct rows [distinct, columns] and residuals [others, columns], as quantization's `addResiduals` defines
 * them. All arrays of numbers are words of 32 bits.
 */
export type AddResidualsBf16 = (
  of: PredictedRowsOf,
  distinct: Int32Array,
  residuals: Int32Array,
  y: Int32Array,
) => void;

export interface PlanesKernels {
  joinPlanes: JoinPlanes;
  gatherColumns16: GatherColumns16;
  addResidualsBf16: AddResidualsBf16;
}

/** What the active backend makes numbers of planes with; undefined where it has nothing of the kind, or none is active. */
export function planesKernels(): PlanesKernels | undefined {
  // Without a backend, tfjs would look for one, and throw.
  if ((tf.getBackend() as string | null | undefined) == null) return undefined;
  const backend = tf.backend() as Partial<PlanesKernels>;
  const { joinPlanes, gatherColumns16, addResidualsBf16 } = backend;
  if (joinPlanes === undefined || gatherColumns16 === undefined || addResidualsBf16 === undefined) return undefined;
  return {
    joinPlanes: joinPlanes.bind(backend),
    gatherColumns16: gatherColumns16.bind(backend),
    addResidualsBf16: addResidualsBf16.bind(backend),
  };
}
