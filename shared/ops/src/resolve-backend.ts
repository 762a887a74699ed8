/** @file Which tfjs backend will be used, decided without loading tfjs. */
import { createRequire } from 'node:module';
import { UserError } from '@arrowsmith/errors';

/** The backends this project can run on, fastest first. */
export const backendNames = ['tensorflow', 'wasm', 'cpu'] as const;

export type BackendName = (typeof backendNames)[number];

const require = createRequire(import.meta.url);

/**
 * The name of the backend that a run will use.
 *
 * @param requested a backend's name or `auto`; by default the environment variable ARROWSMITH_BACKEND, else `auto`, which
 *   is `tensorflow` where `@tensorflow/tfjs-node` is installed and `wasm` elsewhere
 * @throws UserError when the name is unknown or that backend is not installed
 */
export function resolveBackend(requested: string = process.env['ARROWSMITH_BACKEND'] || 'auto'): BackendName {
  if (requested === 'auto') return tensorflowIsInstalled() ? 'tensorflow' : 'wasm';
  const name = backendNames.find((known) => known === requested);
  if (name === undefined || (name === 'tensorflow' && !tensorflowIsInstalled())) {
    throw new UserError({
      what: name === undefined ? `unknown backend "${requested}"` : `backend "${name}" is not installed`,
      expected: tensorflowIsInstalled()
        ? `auto, ${backendNames.join(', ')}`
        : 'auto, wasm, cpu (tensorflow is not available: the npm package @tensorflow/tfjs-node is not installed)',
      where: 'environment variable ARROWSMITH_BACKEND, or the argument that names a backend',
      fix:
        name === 'tensorflow'
          ? 'npm install @tensorflow/tfjs-node@4.22.0, or ARROWSMITH_BACKEND=auto'
          : 'ARROWSMITH_BACKEND=auto',
    });
  }
  return name;
}

function tensorflowIsInstalled(): boolean {
  try {
    require.resolve('@tensorflow/tfjs-node');
    return true;
  } catch {
    return false;
  }
}
