/** @file What computations take of the machine's memory, on the backend that knows. */
import type { DryRunMemory } from '@arrowsmith/backend-native';
import * as tf from '@tensorflow/tfjs-core';

export type { DryRunMemory } from '@arrowsmith/backend-native';

/**
 * What a computation takes of memory on the backend `native`: `f` runs with everything but the kernels' loops, so that it takes next to no time
 * and no memory, and the values of tensors are undefined. Where the backend was started, with its threads and in its precision; elsewhere
 * without what kernels need for themselves.
 *
 * @param f disposes of what it makes; nothing else may compute meanwhile
 */
export async function dryRun(f: () => Promise<void>): Promise<DryRunMemory> {
  const { dryRun: run } = await import('@arrowsmith/backend-native');
  return run(f);
}

/** What the backend `native` offers. */
interface BackendWithMemory {
  releaseKept(): void;
  flushedFloats(tensor: tf.TensorInfo): Float32Array;
  lastingZeros(shape: readonly number[], dtype: 'float32' | 'int32'): tf.TensorInfo;
}

/**
 * A tensor of zeros that is large and stays for long, such as a table that is written to in place: on the backend that can, its memory begins where kernels
 * read it fastest, is taken as it is written to, and goes when the tensor is disposed of.
 */
export function lastingZeros(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): tf.Tensor {
  const backend = tf.backend() as Partial<BackendWithMemory>;
  const zeros = backend.lastingZeros?.(shape, dtype);
  return zeros === undefined ? tf.zeros([...shape], dtype) : tf.engine().makeTensorFromTensorInfo(zeros);
}

/** Gives the system back what the active backend keeps for tensors to come. For when a computation ends that took much. */
export function releaseMemory(): void {
  (tf.backend() as Partial<BackendWithMemory>).releaseKept?.();
}

/** Whether a tensor's values can be had without waiting for them, as `dataSync` and {@link borrowValues} do; a graphics processor has to be waited for. */
export const readsAtOnce = (): boolean => tf.getBackend() !== 'webgpu';

/** The values of a float32 tensor, without a copy where the backend has them in reach: to be read at once, and never changed. */
export function borrowValues(tensor: tf.Tensor): Float32Array {
  const backend = tf.backend() as Partial<BackendWithMemory>;
  return backend.flushedFloats?.(tensor) ?? tensor.dataSync<'float32'>();
}
