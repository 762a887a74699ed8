/** @file Which compiled library of kernels can be used here, decided in a few milliseconds and without loading it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { hasCompiler, howToInstallCompiler } from './compilers.ts';
import { type InstructionSet, instructionSets, type Processor, supports, thisProcessor } from './instruction-sets.ts';
import { packageDirectory } from './package-directory.ts';

export type NativeBuild =
  | {
      available: true;
      /** Name of the instruction set it is compiled for. */
      isa: string;
      /** Whether it has products of bfloat16 matrices. */
      bf16: boolean;
      /** What the compiler says of its version. */
      compiler: string;
      /** The library. */
      path: string;
      /** Whether the sources or the compiler's flags have changed since, so that it should be built again before use. */
      stale: boolean;
    }
  | {
      available: false;
      /** Why, as part of a sentence. */
      reason: string;
      /** What to do about it. */
      fix: string;
    };

/** What is kept beside a library: build.json. */
export interface BuildRecord {
  isa: string;
  platform: string;
  arch: string;
  /** What the compiler says of its version. */
  compiler: string;
  /** Digest of the sources. */
  sources: string;
  flags: string[];
}

/** What is kept where installing could not build: unavailable.json. */
export interface FailureRecord {
  reason: string;
  fix: string;
}

export interface NativeBuildOptions {
  /** Folder of the package. */
  directory?: string;
  processor?: Processor;
  /** Name of the only instruction set that may be used; by default the environment variable ARROWSMITH_ISA. */
  isa?: string | undefined;
  /** Finds out whether a build that is stale could be made again. */
  canBuild?: () => boolean;
}

export const LIBRARY = 'arrowsmith.node';
export const BUILD_COMMAND = 'npm run build:native';

/**
 * The fastest library that was built here and that this processor can run.
 *
 * @throws UserError when ARROWSMITH_ISA names one that is unknown, not built, or not for this processor
 */
export function nativeBuild({
  directory = packageDirectory(),
  processor = thisProcessor(),
  isa = process.env['ARROWSMITH_ISA'] || undefined,
  canBuild = hasCompiler,
}: NativeBuildOptions = {}): NativeBuild {
  const usable = instructionSets.flatMap((instructionSet) => {
    const record = readJson<BuildRecord>(join(directory, 'build', instructionSet.name, 'build.json'));
    const isHere = record?.platform === process.platform && record.arch === processor.arch;
    return record !== undefined && isHere && supports(processor, instructionSet) ? [{ instructionSet, record }] : [];
  });
  if (isa !== undefined)
    checkForced(
      isa,
      processor,
      usable.map(({ instructionSet: { name } }) => name),
    );
  const best = usable.find(({ instructionSet: { name } }) => isa === undefined || name === isa);
  if (best === undefined) return { available: false, ...whyNotBuilt(directory) };
  const { instructionSet, record } = best;
  const stale =
    record.sources !== digestOfSources(directory) || record.flags.join(' ') !== compilerFlags(instructionSet).join(' ');
  if (stale && !canBuild()) {
    return {
      available: false,
      reason: 'its sources have changed since it was built, and there is no C++ compiler to build it again',
      fix: `install one (${howToInstallCompiler()})`,
    };
  }
  return {
    available: true,
    isa: instructionSet.name,
    bf16: instructionSet.bf16 ?? false,
    compiler: record.compiler,
    path: join(directory, 'build', instructionSet.name, LIBRARY),
    stale,
  };
}

function checkForced(isa: string, processor: Processor, usable: readonly string[]): void {
  if (usable.includes(isa)) return;
  const instructionSet = instructionSets.find(({ name }) => name === isa);
  const possible = instructionSets.filter((candidate) => supports(processor, candidate)).map(({ name }) => name);
  const what =
    instructionSet === undefined
      ? `unknown instruction set "${isa}"`
      : possible.includes(isa)
        ? `the native backend is not built for the instruction set "${isa}"`
        : `this processor does not have the instruction set "${isa}"`;
  throw new UserError({
    what,
    where: 'environment variable ARROWSMITH_ISA',
    expected: `one of those that this processor has: ${possible.join(', ')}`,
    found: usable.length === 0 ? 'none is built' : `built here: ${usable.join(', ')}`,
    fix: `${BUILD_COMMAND} -- --isa=${possible.includes(isa) ? isa : possible[0]}, or unset ARROWSMITH_ISA`,
  });
}

function whyNotBuilt(directory: string): FailureRecord {
  return (
    readJson<FailureRecord>(join(directory, 'build', 'unavailable.json')) ?? {
      reason: 'it has not been built for this machine',
      fix: BUILD_COMMAND,
    }
  );
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined; // missing, or not written to its end: as good as not built
  }
}

/** Names of the files that the library is made of, without its tests. */
export function sourceFiles(directory: string): string[] {
  return readdirSync(join(directory, 'native'))
    .filter((file) => /\.(cc|h)$/.test(file))
    .sort();
}

/** Identity of the sources: by content, as a checkout changes times and not only files. */
export function digestOfSources(directory: string): string {
  const hash = createHash('sha256');
  for (const file of sourceFiles(directory)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(directory, 'native', file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * The compiler's flags but for paths. Never -ffast-math: kernels let NaN and infinities through, and linking with it would make all
 * of JavaScript's arithmetic flush subnormal numbers to zero.
 */
export function compilerFlags(instructionSet: InstructionSet): string[] {
  return [
    '-std=c++17',
    '-O3',
    '-fPIC',
    '-pthread',
    '-fno-math-errno',
    '-fno-trapping-math',
    '-ffp-contract=fast',
    '-fvisibility=hidden',
    '-Wall',
    '-Wextra',
    '-Wno-uninitialized', // GCC 12 finds them in its own headers for AVX-512
    '-Wno-maybe-uninitialized',
    '-Wno-unknown-warning-option', // the line above, to Clang
    ...(process.platform === 'darwin' ? ['-DARROWSMITH_ACCELERATE'] : []),
    ...instructionSet.compilerFlags,
  ];
}
