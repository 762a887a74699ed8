/** @file Numbers of their bit planes, on the backend that has kernels for it. */
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

/** What the active backend joins planes with; undefined where it has nothing of the kind, or none is active. */
export function planesKernel(): JoinPlanes | undefined {
  // Without a backend, tfjs would look for one, and throw.
  if ((tf.getBackend() as string | null | undefined) == null) return undefined;
  const backend = tf.backend() as Partial<{ joinPlanes: JoinPlanes }>;
  return backend.joinPlanes?.bind(backend);
}
