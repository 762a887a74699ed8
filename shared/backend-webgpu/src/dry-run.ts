/**
 * @file Dry runs: what a computation would take of a device's memory, told by everything that runs in it (operations, tape, pool of buffers), on a device
 * that takes all commands and has no memory. Whatever is too large for a buffer of the real one is found, too.
 */
import {
  engine,
  getBackend,
  getKernelsForBackend,
  registerBackend,
  registerKernel,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core';
import { WebGpuBackend } from './backend.ts';

/** In bytes, as the backend `native` says it of its dry runs. */
export interface DryRunMemory {
  /** The most that tensors have at a time. */
  inUse: number;
  /** The most that these, and buffers that wait for the next ones, take. */
  tensors: number;
  /** Kernels keep nothing for themselves. */
  scratch: 0;
}

/** Under which the backend of dry runs is known to tfjs. */
const NAME = 'webgpu-dry-run';

let isRegistered = false;

/**
 * Runs `f` on a backend that is like `webgpu`, but whose kernels compute nothing: all that is read is 0. Nothing else may compute meanwhile.
 *
 * @param device the real one, whose limits hold
 * @throws UserError where a tensor is larger than any buffer may be
 */
export async function dryRunOn(device: GPUDevice, adapter: GPUAdapter, f: () => Promise<void>): Promise<DryRunMemory> {
  const before = getBackend();
  const backend = new WebGpuBackend(withoutMemory(device), adapter);
  if (!isRegistered) {
    for (const kernel of getKernelsForBackend('webgpu')) registerKernel({ ...kernel, backendName: NAME });
  }
  isRegistered = true;
  registerBackend(NAME, () => backend);
  engine().startScope();
  try {
    await setBackend(NAME);
    await f();
    const { mostInUse: inUse, mostAllocated: tensors } = backend.gpuMemory();
    return { inUse, tensors, scratch: 0 };
  } finally {
    engine().endScope();
    removeBackend(NAME);
    if (before !== '') await setBackend(before);
  }
}

/** A device that does nothing, of the same limits and features. */
function withoutMemory({ limits, features }: GPUDevice): GPUDevice {
  const own: Partial<Record<keyof GPUDevice, unknown>> = {
    limits,
    features,
    lost: new Promise(() => undefined),
    createBuffer: bufferWithoutMemory,
  };
  return new Proxy(own, {
    get: (properties, name) => properties[name as keyof GPUDevice] ?? idle,
  }) as unknown as GPUDevice;
}

/** tfjs asks whether something is a buffer. Only what is read has memory, while it is read. */
function bufferWithoutMemory({ size, usage }: GPUBufferDescriptor): GPUBuffer {
  const own = {
    size,
    usage,
    destroy() {},
    unmap() {},
    mapAsync: () => Promise.resolve(),
    getMappedRange: () => new ArrayBuffer(size),
  };
  return Object.create(GPUBuffer.prototype, Object.getOwnPropertyDescriptors(own)) as GPUBuffer;
}

/** Whatever is asked of it, it does nothing, and gives itself: an encoder, a queue, a pipeline. */
const idle: unknown = new Proxy(() => undefined, {
  get: (_, name) => (name === 'then' ? undefined : idle), // it is no promise
  apply: () => idle,
});
