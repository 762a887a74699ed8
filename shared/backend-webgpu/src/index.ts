/** @file The tfjs backend `webgpu`. */
import { env, findBackendFactory, registerBackend, removeBackend } from '@tensorflow/tfjs-core';
import { openAdapter } from './adapter.ts';
import { DISPATCHES_IN_PASS, WebGpuBackend } from './backend.ts';
import { openDevice } from './device.ts';
import { registerWebGpuKernels } from './kernels/register.ts';

export type { AdapterDescription } from './adapter.ts';
export { WebGpuBackend, type WebGpuMemory } from './backend.ts';
export { registerWebGpuKernels } from './kernels/register.ts';

let starting: Promise<WebGpuBackend> | undefined;

/**
 * Opens the graphics processor and registers the backend `webgpu` with tfjs, once. `tf.setBackend('webgpu')` makes it the active one.
 *
 * @throws UserError where there is no WebGPU, no adapter, or one that has too little
 */
export async function startWebGpuBackend(): Promise<WebGpuBackend> {
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
  // In a browser, tfjs has registered one that asks for no feature and no limit.
  if (findBackendFactory('webgpu') != null) removeBackend('webgpu');
  registerBackend('webgpu', () => backend);
  registerWebGpuKernels();
  env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', DISPATCHES_IN_PASS); // of tfjs's kernels, which count ours, too
  // Dawn may hang where a process ends with an open device, on macOS above all.
  if (typeof process !== 'undefined') process.once?.('exit', () => device.destroy());
  return backend;
}
