/** @file The tfjs backend `webgpu`. */
import { env, findBackendFactory, registerBackend, removeBackend } from '@tensorflow/tfjs-core';
import { openAdapter } from './adapter.ts';
import { DISPATCHES_IN_PASS, WebGpuBackend } from './backend.ts';
import { openDevice } from './device.ts';
import { registerWebGpuKernels } from './kernels/register.ts';
import { roundsToNearest } from './rounding.ts';
import { subgroupsOf } from './subgroups.ts';

export type { AdapterDescription } from './adapter.ts';
export { WebGpuBackend, type WebGpuMemory } from './backend.ts';
export { registerWebGpuKernels } from './kernels/register.ts';

export interface WebGpuOptions {
  /** What the factors of products are rounded to; f32 by default. */
  precision?: 'f32' | 'f16' | undefined;
  /** For tests: f16 also where shaders have no such numbers, with the same results. */
  emulates?: boolean | undefined;
}

let starting: Promise<WebGpuBackend> | undefined;

/**
 * Opens the graphics processor and registers the backend `webgpu` with tfjs, once. `tf.setBackend('webgpu')` makes it the active one.
 *
 * @throws UserError where there is no WebGPU, no adapter, or one that has too little, and for f16 on one that has no such numbers
 */
export async function startWebGpuBackend({ precision = 'f32', emulates }: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const backend = await started();
  if (precision === 'f32') backend.configure('f32');
  else if (emulates === true) backend.configure('f16 in f32');
  else backend.configure(backend.hasHalf && (await roundsToNearest(backend)) ? 'f16' : 'f16 by bits');
  return backend;
}

async function started(): Promise<WebGpuBackend> {
  starting ??= start();
  try {
    return await starting;
  } catch (error) {
    starting = undefined; // the next call tries again
    throw error;
  }
}

async function start(): Promise<WebGpuBackend> {
  const adapter = await openAdapter();
  const device = await openDevice(adapter);
  const backend = new WebGpuBackend(device, adapter);
  backend.useSubgroups(await subgroupsOf(backend));
  // In a browser, tfjs has registered one that asks for no feature and no limit.
  if (findBackendFactory('webgpu') != null) removeBackend('webgpu');
  registerBackend('webgpu', () => backend);
  registerWebGpuKernels();
  env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', DISPATCHES_IN_PASS); // of tfjs's kernels, which count ours, too
  if (typeof process !== 'undefined') process.once?.('exit', () => leave(backend));
  return backend;
}

/** Dawn may hang where a process ends with an open device, on macOS above all; and for as long as a hung device, where that is to be destroyed. */
function leave(backend: WebGpuBackend): void {
  if (backend.isHung) process.kill(process.pid, 'SIGKILL');
  else backend.device.destroy();
}
