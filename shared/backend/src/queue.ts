/** @file Kernels that wait for each other, or are recorded, on the backend that can. */
import type { Recording } from '@arrowsmith/backend-native';
import { NotRecordable } from '@arrowsmith/backend-native/not-recordable';
import * as tf from '@tensorflow/tfjs-core';

export type { Recording } from '@arrowsmith/backend-native';

/** What the backend `native` offers. */
interface QueueingBackend {
  during<T>(f: () => T): T;
  record<T extends tf.TensorContainer>(f: () => T): Recording<T>;
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

/**
 * Records what `f` computes, to be run many times: each time from what is then in the memory of arrays that f's tensors are made of. For passes whose
 * kernels take less time than what JavaScript does for them.
 *
 * @param f returns tensors, which are the recording's; what it uses must outlive that
 * @returns undefined where the backend records nothing, or cannot record this, as f looks at results
 */
export function recorded<T extends tf.TensorContainer>(f: () => T): Recording<T> | undefined {
  const backend = tf.backend() as Partial<QueueingBackend>;
  try {
    return backend.record?.(f);
  } catch (error) {
    if (error instanceof NotRecordable) return undefined;
    throw error;
  }
}
