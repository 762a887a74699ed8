/** @file The tfjs backends of browsers: which there are, and how they start. */
import { UserError } from '@arrowsmith/errors';
import * as tf from '@tensorflow/tfjs-core';

export const BACKENDS = ['webgpu', 'wasm', 'webgl', 'cpu'] as const;

export type Backend = (typeof BACKENDS)[number];

/** Loads a backend, which registers itself. */
const load: Record<Backend, (files: URL) => Promise<unknown>> = {
  webgpu: () => import('@tensorflow/tfjs-backend-webgpu'),
  async wasm(files) {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    // Threads need headers that a static host does not send, and a worker made of text.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    setWasmPaths(files.href);
  },
  webgl: () => import('@tensorflow/tfjs-backend-webgl'),
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
};

/** Why a backend cannot be here; undefined where it may be. tfjs asks a browser only when it starts it, and then logs what it lacks. */
function whyMissing(name: Backend): string | undefined {
  const { gpu } = navigator as { gpu?: unknown };
  if (name === 'webgpu' && gpu === undefined) {
    return isSecureContext ? 'this browser has no WebGPU' : 'browsers offer WebGPU on https and localhost only';
  }
  if (name === 'wasm' && typeof WebAssembly === 'undefined') return 'this browser has no WebAssembly';
  return undefined;
}

/**
 * The order in which backends are tried, for a model of so many parameters that compute a token: small ones are done by WebAssembly before a GPU has
 * begun the hundreds of operations of a pass.
 */
export function backendOrder(activeParameters: number): readonly Backend[] {
  return activeParameters < WORTH_A_GPU ? ['wasm', 'webgpu', 'webgl', 'cpu'] : BACKENDS;
}

/** WebAssembly takes about a millisecond for a million parameters, a GPU 0.1 ms to begin an operation, of which a pass has some four hundred. */
const WORTH_A_GPU = 40e6;

/**
 * Starts the first backend that can be started, and makes it the active one.
 *
 * @param files the folder of WebAssembly files
 * @returns its name, and why those before it were not started
 * @throws UserError where none can
 */
export async function startBackend(
  order: readonly Backend[],
  files: URL,
): Promise<{ backend: Backend; without: string[] }> {
  tf.enableProdMode();
  const without: string[] = [];
  for (const backend of order) {
    const why = whyMissing(backend) ?? (await tryToStart(backend, files));
    if (why === undefined) return { backend, without };
    without.push(`${backend}: ${why}`);
  }
  throw new UserError({
    what: 'this browser does not compute the model',
    expected: `one of the backends ${order.join(', ')}`,
    found: without.join('; '),
    fix: 'choose another backend, or a newer browser',
  });
}

async function tryToStart(backend: Backend, files: URL): Promise<string | undefined> {
  try {
    await load[backend](files);
    if (backend === 'webgpu') {
      const { gpu } = navigator as unknown as { gpu: { requestAdapter(): Promise<unknown> } };
      if ((await gpu.requestAdapter()) === null) return 'there is no adapter';
    }
    return (await tf.setBackend(backend)) ? undefined : 'it does not start';
  } catch (error) {
    return (error as Error).message;
  }
}
