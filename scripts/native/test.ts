/**
 * @file `node --import tsx scripts/native/test.ts [options] [part of a file's name or of a test's sentence]`: compiles the native
 * backend's kernels with their C++ tests, without Node, and runs them.
 *
 * - `--isa=<instruction set>`: one of `instructionSets`; by default the fastest that this processor has. `neon` and `neon-dotprod` run on
 *   other processors too, by a cross-compiler and QEMU, and `avx2-vnni`, `avx512` and `avx512-bf16` on those with AVX2, by headers here
 * - `--sanitize=address|thread|undefined`: with that check of the compiler's; slower
 * - `--compiler=<command>`: by default the environment variable CXX, else g++
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  compilerFlags,
  detectInstructionSet,
  type InstructionSet,
  instructionSets,
  supports,
  thisProcessor,
} from '@arrowsmith/backend-native/build';
import { UserError } from '@arrowsmith/errors';
import { $ } from 'zx';
import { GEMM_PARTS } from '../bench/gemm-peak.ts';

const SOURCES = join(import.meta.dirname, '../../shared/backend-native/native');
/** Each has a header that stands in for the compiler's. */
const EMULATED_AVX512 = join(import.meta.dirname, 'avx512');
const EMULATED_AVX_VNNI = join(import.meta.dirname, 'avx-vnni');
const SANITIZERS = ['address', 'thread', 'undefined'];

/** How to compile for an instruction set, and how to run the result. */
interface Toolchain {
  compiler: string;
  flags: readonly string[];
  /** A command that runs the program, in place of this machine. */
  emulator?: readonly string[];
}

/** @throws UserError when this processor has not that instruction set, and no emulator is known for it */
function toolchainOf(instructionSet: InstructionSet, requestedCompiler: string | undefined): Toolchain {
  const flags = compilerFlags(instructionSet);
  const compiler = requestedCompiler ?? (process.env['CXX'] || 'g++');
  if (supports(thisProcessor(), instructionSet)) return { compiler, flags };
  if (instructionSet.arch === 'arm64') {
    return {
      compiler: requestedCompiler ?? 'aarch64-linux-gnu-g++',
      flags: ['-march=armv8-a', ...flags, '-static'], // of several the last counts
      emulator: ['qemu-aarch64'],
    };
  }
  const avx2 = instructionSets.find(({ name }) => name === 'avx2')!;
  if (instructionSet.name === 'avx2-vnni' && supports(thisProcessor(), avx2)) {
    return { compiler, flags: [...compilerFlags(avx2), '-isystem', EMULATED_AVX_VNNI] };
  }
  if (instructionSet.name.startsWith('avx512') && supports(thisProcessor(), avx2)) {
    const bf16 = instructionSet.bf16 === true ? ['-DEMULATE_BF16'] : [];
    // More optimization than -O1 would take minutes to compile.
    return { compiler, flags: [...compilerFlags(avx2), '-O1', '-Wno-psabi', '-isystem', EMULATED_AVX512, ...bf16] };
  }
  const possible = instructionSets.filter((each) => supports(thisProcessor(), each)).map(({ name }) => name);
  throw new UserError({
    what: `this processor cannot run what is compiled for ${instructionSet.name}`,
    expected: `one of ${possible.join(', ')}, or what another processor's are emulated with: neon, neon-dotprod, on AVX2 avx2-vnni, avx512 and avx512-bf16`,
    fix: `--isa=${possible[0]}`,
  });
}

/** What a shell answers for a command that there is not. */
const NOT_FOUND = 127;

function missing(command: string): UserError {
  const packages = /^aarch64|^qemu/.test(command) ? 'g++-aarch64-linux-gnu qemu-user' : 'g++';
  return new UserError({
    what: `${command} is not installed`,
    expected: 'a C++17 compiler, and for the instructions of another processor an emulator',
    fix: `install it (Debian and Ubuntu: apt install ${packages}), or name another compiler with --compiler=<command>`,
  });
}

/** Compiles everything but what needs Node, the benchmarks of products among it, as many files at a time as there are cores. */
async function compile({ compiler, flags }: Toolchain, folder: string, sanitizerFlags: string[]): Promise<string> {
  const kernels = (await readdir(SOURCES)).filter((file) => file.endsWith('.cc') && file !== 'addon.cc');
  const tests = (await readdir(join(SOURCES, 'test'))).filter((file) => file.endsWith('.cc'));
  const [gemm, stored] = ['gemm.cc', 'stored.cc'].map((file) => join('bench', file)) as [string, string];
  const sources = [...kernels, ...tests.map((file) => join('test', file)), gemm, stored].sort();
  const objectOf = (source: string) => join(folder, `${source.replace('/', '-')}.o`);
  const queue = sources.values();
  const worker = async (): Promise<void> => {
    for (const source of queue) {
      const args = [...flags, ...sanitizerFlags, '-c', join(SOURCES, source), '-o', objectOf(source)];
      process.stderr.write(await compilerOutput(compiler, args, source)); // its warnings
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const program = join(folder, 'tests');
  const libraries = process.platform === 'darwin' ? ['-framework', 'Accelerate'] : ['-ldl'];
  const link = async (parts: readonly string[], target: string): Promise<void> => {
    const args = [...flags, ...sanitizerFlags, ...parts.map(objectOf), ...libraries, '-o', target];
    process.stderr.write(await compilerOutput(compiler, args, 'all objects'));
  };
  await link(
    sources.filter((source) => source !== gemm && source !== stored),
    program,
  );
  await link([gemm, ...GEMM_PARTS.map((name) => `${name}.cc`)], join(folder, 'benchmark'));
  await link([stored, ...kernels], join(folder, 'stored-benchmark'));
  return program;
}

async function compilerOutput(compiler: string, args: readonly string[], where: string): Promise<string> {
  const { exitCode, stderr } = await $({ quiet: true, nothrow: true })`${compiler} ${args}`;
  if (exitCode === NOT_FOUND) throw missing(compiler);
  if (exitCode !== 0) throw new UserError({ what: `${compiler} failed`, where, found: `\n${stderr.trim()}` });
  return stderr;
}

/** Runs the tests, which print what they find. @returns their exit code */
async function runTests(command: readonly string[]): Promise<number> {
  const [program, ...args] = command;
  const child = spawn(program!, args, { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? missing(program!) : error;
  })) as [number | null, string | null];
  if (code !== null) return code;
  throw new UserError({
    what: `the tests were ended by ${signal}`,
    fix: '--sanitize=address or --sanitize=undefined says where',
  });
}

async function main(): Promise<number> {
  const options = { isa: { type: 'string' }, sanitize: { type: 'string' }, compiler: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const { isa = detectInstructionSet().name, sanitize } = values;
  const instructionSet = instructionSets.find(({ name }) => name === isa);
  if (instructionSet === undefined)
    throw unknown(
      '--isa',
      isa,
      instructionSets.map(({ name }) => name),
    );
  if (sanitize !== undefined && !SANITIZERS.includes(sanitize)) throw unknown('--sanitize', sanitize, SANITIZERS);
  const toolchain = toolchainOf(instructionSet, values.compiler);
  // After the toolchain's -O3, which it overrides: reports then name the lines that a person wrote.
  const sanitizerFlags =
    sanitize === undefined ? [] : [`-fsanitize=${sanitize}`, '-fno-sanitize-recover=all', '-g', '-O1'];
  const folder = await mkdtemp(join(tmpdir(), 'arrowsmith-native-test-'));
  try {
    console.log(`${toolchain.compiler} for ${isa}${sanitize === undefined ? '' : `, checking ${sanitize}`}`);
    const program = await compile(toolchain, folder, sanitizerFlags);
    return await runTests([...(toolchain.emulator ?? []), program, ...positionals]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function unknown(option: string, found: string, known: readonly string[]): UserError {
  return new UserError({ what: `unknown ${option}=${found}`, expected: `one of ${known.join(', ')}` });
}

try {
  process.exitCode = await main();
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (!(error instanceof UserError) && !code.startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`\nerror: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
