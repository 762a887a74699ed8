/** @file WebGPU's entry point: the browser's, or Dawn's, which the npm package `webgpu` brings to Node. */
import { UserError } from '@arrowsmith/errors';

/** What the package exports: WebGPU's classes and constants, which a browser has as globals, and its entry point. */
interface Dawn {
  create(options: string[]): GPU;
  globals: object;
}

type WithNavigator = { navigator?: { gpu?: GPU } };

/** Options of Dawn, of which `adapter=<part of a name>` and `backend=vulkan|metal|d3d12|null` choose an adapter: the variable ARROWSMITH_DAWN, in words. */
const dawnOptions = (): string[] => (process.env['ARROWSMITH_DAWN'] ?? '').split(' ').filter((word) => word !== '');

let opened: Promise<GPU> | undefined;

/**
 * The browser's `navigator.gpu`, else Dawn's, which is put there: tfjs looks for it.
 *
 * @throws UserError where there is neither
 */
export function openGpu(): Promise<GPU> {
  const { navigator } = globalThis as WithNavigator;
  if (opened === undefined && navigator?.gpu !== undefined) return Promise.resolve(navigator.gpu);
  opened ??= openDawn();
  return opened;
}

async function openDawn(): Promise<GPU> {
  const specifier: string = 'webgpu'; // not a literal: it is optional, so type checks and bundles must not look for it
  let dawn: Dawn;
  try {
    dawn = (await import(specifier)) as Dawn;
  } catch (error) {
    opened = undefined; // the next call tries again
    throw new UserError(
      {
        what: `the npm package webgpu does not load: ${firstLine(error)}`,
        expected: 'Dawn for this system: macOS, Linux with glibc, or Windows, on x64 or arm64',
        fix: 'npm ci; or another backend: ARROWSMITH_BACKEND=auto',
      },
      { cause: error },
    );
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create(dawnOptions());
  const { navigator } = globalThis as WithNavigator;
  if (navigator === undefined) {
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  } else {
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  }
  return gpu;
}

const firstLine = (error: unknown): string => String((error as Error).message).split('\n', 1)[0]!;
