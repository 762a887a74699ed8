/** @file What computations take of the machine's memory, on the backend that knows. */
import type { DryRunMemory } from '@arrowsmith/backend-native';
import * as tf from '@tensorflow/tfjs-core';

export type { DryRunMemory } from '@arrowsmith/backend-native';

/**
 * What a computation takes of memory on the backend `native`: `f` runs with everything but the kernels' loops, so that it takes next to no time
 * and no memory, and the values of tensors are undefined. Where the backend was started, with its threads and in its precision; elsewhere
 * without what kernels need for themselves. On the backend `webgpu`, what it takes of the graphics processor's.
 *
 * @param f disposes of what it makes; nothing else may compute meanwhile
 * @throws UserError on `webgpu` for a tensor that is larger than any buffer may be
 */
export async function dryRun(f: () => Promise<void>): Promise<DryRunMemory> {
  const backend = tf.backend() as Partial<BackendWithMemory>;
  if (backend.dryRun !== undefined) return backend.dryRun(f);
  const { dryRun: run } = await import('@arrowsmith/backend-native');
  return run(f);
}

/** What the backends `native` and `webgpu` offer. */
interface BackendWithMemory {
  dryRun(f: () => Promise<void>): Promise<DryRunMemory>;
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
export const readsAtOnce = (): boolean => !tf.getBackend().startsWith('webgpu'); // nor in its dry runs

/** The values of a float32 tensor, without a copy where the backend has them in reach: to be read at once, and never changed. */
export function borrowValues(tensor: tf.Tensor): Float32Array {
  const backend = tf.backend() as Partial<BackendWithMemory>;
  return backend.flushedFloats?.(tensor) ?? tensor.dataSync<'float32'>();
}

/** A graphics processor that the active backend computes on. */
export interface Graphics {
  adapter: { name: string; isSoftware: boolean };
  /** Bytes of the largest tensor that there can be. */
  largestTensor: number;
  /** Whether the device gives so much memory, besides what it has given: it is asked for, and given back at once. */
  holds(bytes: number): Promise<boolean>;
  gpuMemory(): { mostAllocated: number };
  /** Threads that the hardware adds at once, where shaders let it. */
  subgroups?: { size: number } | undefined;
}

/** The graphics processor of the active backend; undefined where that has none. */
export function activeGraphics(): Graphics | undefined {
  const backend = tf.backend() as Partial<Graphics>;
  return backend.adapter === undefined ? undefined : (backend as Graphics);
}
