/**
 * @file Who looks at what matrices are multiplied with, as PyTorch's forward hooks do: calibration, which asks what a layer's inputs are like. Nothing
 * of what is computed changes.
 */
import type * as tf from '@tensorflow/tfjs-core';

/**
 * Is told of each product with a float32 matrix, or with a stack of them, before it is computed.
 *
 * @param weight [out, in]; or [groups, out, in]
 * @param x its input, [..., in], or heads that make up as much; of a stack the rows sorted by group, [n, in]
 * @param offsets of a stack, int32 [groups + 1]: group g has the rows from offsets[g] to before offsets[g + 1]
 */
export type LinearWatcher = (weight: tf.Tensor, x: tf.Tensor, offsets?: tf.Tensor) => void;

let watcher: LinearWatcher | undefined;

/** Runs a function, whose products a watcher is told of. The tensors are alive as long as it takes; who keeps one says so (`tf.keep`). */
export function watchLinearInputs<T>(of: LinearWatcher, run: () => T): T {
  const before = watcher;
  watcher = of;
  try {
    return run();
  } finally {
    watcher = before;
  }
}

/** Whether somebody looks: what does several products in one kernel does them one by one then. */
export const isWatched = (): boolean => watcher !== undefined;

/** Tells who looks of the products with some weights. */
export function tellInput(weights: readonly tf.Tensor[], x: tf.Tensor, offsets?: tf.Tensor): void {
  if (watcher !== undefined) for (const weight of weights) watcher(weight, x, offsets);
}
