/** @file Computations that a GPU could queue: nothing waits for a tensor's values. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `f`, in which nobody may read a tensor at once (`dataSync`, `arraySync`, `bufferSync`): a backend that computes elsewhere could not answer,
 * or would stop until all is computed. What kernels do with the memory of their own backend is no such read.
 */
export function withoutReads<T>(f: () => T): T {
  const engine = tf.engine();
  engine.readSync = () => {
    throw new Error('a tensor is read synchronously');
  };
  try {
    return f();
  } finally {
    delete (engine as { readSync?: unknown }).readSync; // the prototype's again
  }
}
