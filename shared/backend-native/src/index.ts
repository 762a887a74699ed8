/** @file The tfjs backend `native`: kernels of C++ for CPUs. */
import { registerBackend } from '@tensorflow/tfjs-core';
import { loadAddon, type Precision } from './addon.ts';
import { NativeBackend, type NativeMemory } from './backend.ts';
import { type DryRunMemory, dryRunLike } from './dry-run.ts';
import { registerNativeKernels } from './kernels/register.ts';
import { threadCount } from './threads.ts';

export type { Precision } from './addon.ts';
export { NativeBackend, type NativeMemory } from './backend.ts';
export { NotRecordable } from './not-recordable.ts';
export type { Recording } from './recording.ts';
export type { DryRunMemory } from './dry-run.ts';
export type { PredictedRowsOf } from './predicted-rows.ts';
export { type KernelProfile, startProfile, takeProfile } from './profile.ts';

export interface NativeBackendOptions {
  /** Inputs of matrix products are rounded to it; default f32. */
  precision?: Precision;
  /** By default the environment variable ARROWSMITH_THREADS, else all cores that this process may use. */
  threads?: number;
  /** Is told what takes a while or is not as asked. */
  onNotice?: (line: string) => void;
}

let starting: Promise<NativeBackend> | undefined;
let backend: NativeBackend | undefined;

/**
 * Loads the kernels and registers the backend `native` with tfjs, once; a second call changes its settings. `tf.setBackend('native')`
 * makes it the active one.
 *
 * @throws UserError when it is not built or does not load, for bf16 on a processor without, and for a wrong number of threads
 */
export async function startNativeBackend({
  precision = 'f32',
  threads,
  onNotice = () => undefined,
}: NativeBackendOptions = {}): Promise<void> {
  const settings = { precision, threads: threadCount(threads) };
  starting ??= start(onNotice);
  try {
    backend = await starting;
  } catch (error) {
    starting = undefined; // the next call tries again
    throw error;
  }
  backend.configure(settings);
}

async function start(onNotice: (line: string) => void): Promise<NativeBackend> {
  const started = new NativeBackend(await loadAddon(onNotice));
  registerNativeKernels('native');
  registerBackend('native', () => started);
  return started;
}

/** Memory of the backend, which must have been started. */
export function nativeMemory(): NativeMemory {
  return running().nativeMemory();
}

/** Lets the peak of {@link nativeMemory} start again. */
export function resetNativePeak(): void {
  running().resetPeak();
}

/**
 * What a computation takes of memory on the backend `native`, found by everything but the kernels' loops: see dry-run.ts. Where the backend was
 * started, with its threads and in its precision; elsewhere without what kernels need for themselves.
 */
export function dryRun(f: () => Promise<void>): Promise<DryRunMemory> {
  return dryRunLike(backend, f);
}

function running(): NativeBackend {
  if (backend === undefined) throw new Error('startNativeBackend must be called first');
  return backend;
}
