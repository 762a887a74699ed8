/** @file Rates of matrix products, measured by the C++ program shared/backend-native/native/bench/gemm.cc. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compilerFlags, detectInstructionSet, instructionSets, nativeBuild } from '@arrowsmith/backend-native/build';
import { UserError } from '@arrowsmith/errors';
import { $ } from 'zx';

/** What a shell answers for a command that there is not. */
const NOT_FOUND = 127;

/** C[m, n] = op(A)[m, k] op(B)[k, n]. */
export interface GemmShape {
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
}

/** Median rates in GFLOP/s; null for what this machine does not have. */
export interface GemmRates {
  openblas: number | null;
  f32: number;
  bf16: number | null;
}

/** The product whose rate is called the GEMM peak: the feed-forward layer of the 7M model. */
export const PEAK_SHAPE: GemmShape = { m: 4096, n: 768, k: 288, transposeA: false, transposeB: true };

/**
 * The GEMM peak: the rates that OpenBLAS and this project's GEMM reach on {@link PEAK_SHAPE}.
 *
 * @param seconds how long to measure
 * @throws UserError without a C++ compiler
 */
export async function gemmPeak(threads: number, seconds: number): Promise<GemmRates> {
  return (await gemmRates([PEAK_SHAPE], threads, seconds))[0]!;
}

/** Rates of several products, each measured for so many seconds; the ways to multiply take turns. */
export async function gemmRates(shapes: readonly GemmShape[], threads: number, seconds: number): Promise<GemmRates[]> {
  const program = await compiled();
  const sizes = shapes.flatMap(({ m, n, k, transposeA, transposeB }) => [
    m,
    n,
    k,
    Number(transposeA),
    Number(transposeB),
  ]);
  const { stdout } = await $({ quiet: true })`${program} ${[threads, seconds, ...sizes]}`;
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GemmRates);
}

let program: Promise<string> | undefined;

/** The kernels that bench/gemm.cc is linked with, which `npm run test:native` tries. */
export const GEMM_PARTS = ['block', 'dry-run', 'gemm', 'pack', 'parallel', 'scratch', 'tall-products'] as const;

/** The program, compiled once in a process for the instruction set that the backend uses, and removed at its end. */
function compiled(): Promise<string> {
  program ??= compile();
  return program;
}

async function compile(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'arrowsmith-gemm-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const native = join(dirname(fileURLToPath(import.meta.resolve('@arrowsmith/backend-native/build'))), '../native');
  const build = nativeBuild();
  const instructionSet = instructionSets.find(({ name }) => build.available && name === build.isa);
  const flags = compilerFlags(instructionSet ?? detectInstructionSet());
  const sources = ['bench/gemm', ...GEMM_PARTS].map((name) => `${name}.cc`).map((file) => join(native, file));
  const libraries = process.platform === 'darwin' ? ['-framework', 'Accelerate'] : ['-ldl'];
  const target = join(folder, 'gemm');
  const compilers = process.env['CXX'] ? [process.env['CXX']] : ['g++', 'clang++'];
  for (const compiler of compilers) {
    const result = await $({
      quiet: true,
      nothrow: true,
    })`${compiler} ${flags} ${sources} -o ${target} ${libraries}`;
    if (result.exitCode === 0) return target;
    if (result.exitCode !== NOT_FOUND) throw result;
  }
  throw new UserError({
    what: 'the benchmark of matrix products needs a C++ compiler',
    expected: 'g++ or clang++, or another in the environment variable CXX',
    found: `not found: ${compilers.join(', ')}`,
  });
}
