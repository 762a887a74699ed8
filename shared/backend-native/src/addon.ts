/** @file The compiled kernels as JavaScript sees them, and how they are loaded. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import type { AddonKernels, Format } from './addon-kernels.ts';
import { withBuildLock } from './build-lock.ts';
import { buildNative } from './compile.ts';
import { BUILD_COMMAND, nativeBuild } from './native-build.ts';

/** How the inputs of matrix products are rounded; sums are always float32. */
export type Precision = 'f32' | 'bf16';

/** C++'s enumerations. */
export const precisionCode = { f32: 0, bf16: 1 } as const satisfies Record<Precision, number>;
export const activationCode = { silu: 0, 'gelu-tanh': 1 } as const;
export const inputPrecisionCode = { f32: 0, int8: 1 } as const;
/** Of the formats of stored matrices, by name; in the order of native/block-formats.h. */
export const formatCode: Readonly<Record<string, Format>> = Object.fromEntries(
  [
    'f32',
    'bf16',
    'int8',
    'f16',
    ...[8, 4, 3, 2].flatMap((bits) =>
      [32, 128].flatMap((size) => [`int${bits}-g${size}`, `int${bits}-g${size}-asymmetric`]),
    ),
    'Q8_0',
    'Q5_1',
    'Q5_0',
    'Q4_1',
    'Q4_0',
    'IQ4_NL',
    'Q6_K',
    'Q5_K',
    'Q4_K',
    'Q3_K',
    'Q2_K',
  ].map((format, code) => [format, code]),
);

/** Kernels with their arguments: opaque. */
export type RecordedKernels = object;

/** What native/addon.cc exports; native/kernels.h says what each kernel does. */
export interface Addon extends AddonKernels {
  /** Memory at a multiple of 64 bytes, outside of V8's heap; its content is undefined. */
  allocate(bytes: number): ArrayBuffer;
  /** Gives the memory of `allocate` back at once; the buffer is empty afterwards. */
  release(buffer: ArrayBuffer): void;
  /** From now on the kernels wait. @param recording whether they will be recorded */
  openQueue(recording: boolean): void;
  queueLength(): number;
  /** Runs the kernels that wait, in order. @returns the seconds that each took */
  runQueue(): number[];
  /** Forgets the kernels that wait; from now on they run at once. */
  closeQueue(): void;
  /** The kernels that wait, which wait no longer. */
  recordQueue(): RecordedKernels;
  /** Runs recorded kernels, in order, on what their arguments hold now. @throws as the kernels, for integers that do not fit */
  runRecording(kernels: RecordedKernels): void;
  setThreads(count: number): void;
  threads(): number;
  /** Bytes that kernels of all threads keep for themselves. */
  scratchTotal(): number;
  /** From now on kernels compute nothing; what they need for themselves is added up. */
  beginDryRun(): void;
  /** Kernels compute again. @returns bytes that those since `beginDryRun` need for themselves, on all threads */
  endDryRun(): number;
  hasBf16(): boolean;
  /** Of each kernel the signature that its arguments are held against, and its declaration: what addon-kernels.ts is made of. */
  declarations(): [signature: string, declaration: string][];
}

/**
 * Loads the library that {@link nativeBuild} finds, after building it again where its sources have changed.
 *
 * @param onNotice is told when that takes a while
 * @throws UserError when there is none, or when it cannot be built again
 */
export async function loadAddon(onNotice: (line: string) => void): Promise<Addon> {
  const build = nativeBuild();
  if (!build.available) {
    throw new UserError({
      what: `the native backend is not available: ${build.reason}`,
      fix: `${build.fix}; or run on a slower backend: ARROWSMITH_BACKEND=wasm`,
    });
  }
  if (build.stale) {
    await withBuildLock(`${dirname(build.path)}.lock`, async () => {
      const now = nativeBuild(); // another process may have done it meanwhile
      if (now.available && !now.stale) return;
      onNotice(`native backend: its sources have changed, building it again for ${build.isa}`);
      await buildNative({ isa: build.isa });
    });
  }
  try {
    return createRequire(import.meta.url)(build.path) as Addon;
  } catch (error) {
    throw new UserError(
      {
        what: 'the native backend does not load',
        where: build.path,
        found: (error as Error).message.split('\n')[0]!,
        fix: `${BUILD_COMMAND}; or run on a slower backend: ARROWSMITH_BACKEND=wasm`,
      },
      { cause: error },
    );
  }
}
