/** @file Passes that come again, with less to do for JavaScript where the active backend knows how. */
import * as tf from '@tensorflow/tfjs-core';

/** Values of one of a pass's tensors, which are others each time. */
export interface PassInput {
  values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  shape: number[];
}

/** What is computed again and again, such as the gradients of a step of training. */
export interface RepeatablePass {
  inputs: readonly PassInput[];
  /** All tensors that it is given and which may be others the next time, or change; it may dispose of them. */
  given: readonly tf.Tensor[];
  /** Computes tensors of the inputs, and of what is given: all of them results. */
  compute(inputs: tf.Tensor[]): tf.Tensor[];
}

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

const computing: PassRepeater = {
  run: (_, { inputs, compute }) =>
    tf.tidy(() =>
      compute(
        inputs.map(({ values, shape }) =>
          tf.tensor(values, shape, values instanceof Float32Array ? 'float32' : 'int32'),
        ),
      ),
    ),
};

/** Calls `compute` each time. */
export const withoutRepeating = (): PassRepeater => computing;
