/** @file What drawing a token needs to know of its logits, by the backend that has kernels for it. */
import * as tf from '@tensorflow/tfjs-core';

export interface DrawingKernels {
  /**
   * The ids of the largest logits, equal ones by id.
   *
   * @param logits [V]
   * @param ids [count], count at most V: where they are put; −1 where a logit is NaN
   */
  rankLogits(logits: Float32Array, ids: Int32Array): void;
  /**
   * Σ e^((logit − largest) / temperature), as generation's `totalWeight` defines it.
   *
   * @param logits [V], none of them larger than `largest`
   */
  sumExponentials(logits: Float32Array, largest: number, temperature: number): number;
}

/** Those of the active backend; undefined where it has none, or none is active. */
export function drawingKernels(): DrawingKernels | undefined {
  // Without a backend, tfjs would look for one, and throw.
  if ((tf.getBackend() as string | null | undefined) == null) return undefined;
  const backend = tf.backend() as Partial<DrawingKernels>;
  const { rankLogits, sumExponentials } = backend;
  return rankLogits === undefined || sumExponentials === undefined ? undefined : (backend as DrawingKernels);
}
