/** @file Kernels that wait for each other, on the backend that has a queue. */
import * as tf from '@tensorflow/tfjs-core';

/** What the backend `native` offers. */
interface QueueingBackend {
  during<T>(f: () => T): T;
}

/**
 * Runs `f`, whose operations may wait until one of their results is looked at, or `f` is done: their kernels run one after the other then,
 * and what JavaScript does for them goes by at once before. For a piece of work of many large kernels, such as a batch's gradients. Arrays that
 * tensors are made of must not change meanwhile.
 */
export function queued<T>(f: () => T): T {
  const backend = tf.backend() as Partial<QueueingBackend>;
  return backend.during === undefined ? f() : backend.during(f);
}
