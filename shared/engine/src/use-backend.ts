/** @file Loads a tfjs backend and makes it the active one. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { registerGradients } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, type Engine, forgetKeptSpeeds, type Precision } from './resolve.ts';

const require = createRequire(import.meta.url);

/** Settings of the backends `native` and `webgpu`; others have none, and compute in float32. */
export interface BackendOptions {
  /** What the inputs of matrix products are rounded to; default f32. */
  precision?: Precision;
  /** By default the environment variable ARROWSMITH_THREADS, else all cores that this process may use. Results do not depend on it. */
  threads?: number;
  /** What the result's key says of the backend: a graphics processor that turns out to be another is an error. */
  expected?: Engine;
  /** Is told what takes a while, such as compiling changed kernels. */
  onNotice?: (line: string) => void;
}

/**
 * Loads the backend and makes it the one that runs every operation from now on. See `resolveBackend` for names.
 *
 * @throws UserError when the backend does not start, for another graphics processor than is expected, for bf16 and f16 where there is none, and for a wrong
 * number of threads
 */
export async function useBackend(name: BackendName, options: BackendOptions = {}): Promise<void> {
  tf.enableProdMode(); // only silences tfjs's log, which would advise on Node to install another package
  registerGradients();
  await load[name](options);
  if (await tf.setBackend(name)) return;
  throw new UserError({
    what: `the backend "${name}" does not start`,
    where:
      name === 'native'
        ? 'shared/backend-native'
        : `npm package @tensorflow/${name === 'tensorflow' ? 'tfjs-node' : `tfjs-backend-${name}`}`,
    fix: 'reinstall packages with npm ci, or choose another: ARROWSMITH_BACKEND=cpu',
  });
}

const load: Record<BackendName, (options: BackendOptions) => Promise<void>> = {
  async native({ precision, ...options }) {
    const { startNativeBackend } = await import('@arrowsmith/backend-native');
    if (precision === 'f16') throw wrongPrecision('native', precision);
    await startNativeBackend({ ...options, precision });
  },
  async tensorflow() {
    const specifier: string = '@tensorflow/tfjs-node'; // not a literal: optional, so type checks and bundles must not look for it
    await import(specifier);
  },
  async webgpu({ precision, expected }) {
    const { startWebGpuBackend } = await import('@arrowsmith/backend-webgpu');
    if (precision === 'bf16') throw wrongPrecision('webgpu', precision);
    const { adapter: found } = await startWebGpuBackend({ precision });
    if (expected?.backend !== 'webgpu' || (expected.adapter === found.name && expected.driver === found.driver)) return;
    forgetKeptSpeeds(); // which are another's
    throw new UserError({
      what: 'the graphics processor is another than the one that was measured',
      expected: `${expected.adapter}, ${expected.driver}`,
      found: `${found.name}, ${found.driver}`,
      fix: 'run the same command again: it measures anew',
    });
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

const wrongPrecision = (backend: BackendName, precision: Precision): UserError =>
  new UserError({
    what: `the backend ${backend} has no products in ${precision}`,
    expected: 'f32 on any backend, bf16 on native, f16 on webgpu',
    fix: 'use the precision f32',
  });

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
