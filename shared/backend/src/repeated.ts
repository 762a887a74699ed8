/** @file Passes that come again, with less to do for JavaScript where the active backend knows how. */
import { computePass, type PassInput, type RepeatablePass } from '@arrowsmith/backend-native/repeatable-pass';
import * as tf from '@tensorflow/tfjs-core';

export type { PassInput, RepeatablePass };

/** Runs passes. */
export interface PassRepeater {
  /**
   * @param key names all that the pass depends on but the values of its inputs and of what it is given: shapes, and numbers that JavaScript tells its
   *   operations
   */
  run(key: string, pass: RepeatablePass): tf.Tensor[];
}

/**
 * For the passes of one piece of work, on the active backend. The backend `webgpu` gives the device the commands of a pass that came before again, in
 * place of calling `compute`, where shapes and memory are provably the same; so the results are the same bits. Others call it each time.
 */
export function passRepeater(): PassRepeater {
  const backend = tf.backend() as Partial<{ passRepeater(): PassRepeater }>;
  return backend.passRepeater?.() ?? computing;
}

const computing: PassRepeater = { run: (_, pass) => computePass(pass) };

/** Calls `compute` each time. */
export const withoutRepeating = (): PassRepeater => computing;
