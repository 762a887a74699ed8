/** @file Loads a tfjs backend and makes it the active one. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import * as tf from '@tensorflow/tfjs-core';
import { registerGradients } from './gradients.ts';
import type { BackendName } from './resolve-backend.ts';

const require = createRequire(import.meta.url);

/**
 * Loads the backend and makes it the one that runs every operation from now on. See `resolveBackend` for names.
 *
 * @throws UserError when the backend does not start
 */
export async function useBackend(name: BackendName): Promise<void> {
  tf.enableProdMode(); // only silences tfjs's log, which would advise on Node to install another package
  registerGradients();
  await load[name]();
  if (await tf.setBackend(name)) return;
  throw new UserError({
    what: `the backend "${name}" does not start`,
    where: `npm package @tensorflow/${name === 'tensorflow' ? 'tfjs-node' : `tfjs-backend-${name}`}`,
    fix: 'reinstall packages with npm ci, or choose another: ARROWSMITH_BACKEND=cpu',
  });
}

const load: Record<BackendName, () => Promise<void>> = {
  async tensorflow() {
    const specifier: string = '@tensorflow/tfjs-node'; // not a literal: optional, so type checks and bundles must not look for it
    await import(specifier);
  },
  async wasm() {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
    shareIdentity();
  },
  async cpu() {
    await import('@tensorflow/tfjs-backend-cpu');
  },
};

/**
 * Makes the wasm backend's Identity share memory by reference count, as its Reshape does and other backends' Identity too; it
 * copies otherwise. tfjs clones every tensor that a gradient needs, so that copies would double a training step's memory.
 */
function shareIdentity(): void {
  tf.unregisterKernel('Identity', 'wasm');
  tf.registerKernel({
    ...tf.getKernel('Reshape', 'wasm')!,
    kernelName: 'Identity',
    kernelFunc: ({ inputs, backend }) => {
      const { dataId, shape, dtype } = inputs['x']!;
      (backend as tf.KernelBackend).incRef(dataId);
      return { dataId, shape, dtype };
    },
  });
}
