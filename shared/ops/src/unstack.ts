/** @file Takes a tensor apart along its first axis. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * Returns x[0], x[1], …, as `tf.unstack` does, but by GatherNd: the wasm backend's Slice, on which `tf.unstack`, `tf.split` and
 * `tf.slice` rest, copies its whole input for every slice.
 */
export function unstack(x: tf.Tensor): tf.Tensor[] {
  const shape = x.shape.slice(1);
  return Array.from({ length: x.shape[0]! }, (_, i) =>
    tf.reshape(tf.gatherND(x, tf.tensor2d([i], [1, 1], 'int32')), shape),
  );
}
