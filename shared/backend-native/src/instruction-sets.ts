/** @file The instruction sets that the kernels are compiled for, and which of them this processor has. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';

export interface InstructionSet {
  name: string;
  /** Node's name of the architecture; without one, any. */
  arch?: NodeJS.Architecture;
  /** What the compiler is told. The vectors in simd.h follow from it. */
  compilerFlags: readonly string[];
  /** What the processor must have, as /proc/cpuinfo names it. */
  processorFlags: readonly string[];
  /** Whether there are products of bfloat16 matrices. */
  bf16?: boolean;
}

const avx2 = ['avx2', 'fma', 'f16c'];
const avx512 = [...avx2, 'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'];
const vnni = [...avx512, 'avx512_vnni'];
const enable = (flags: readonly string[]): string[] => flags.map((flag) => `-m${flag.replace('_', '')}`);

/** Fastest first. Each is built by flags of its own, never several in one library, so that no function can use what the CPU lacks. */
export const instructionSets: readonly InstructionSet[] = [
  {
    name: 'avx512-bf16',
    arch: 'x64',
    compilerFlags: [...enable(vnni), '-mavx512bf16', '-mprefer-vector-width=512'],
    processorFlags: [...vnni, 'avx512_bf16'], // no processor has that without VNNI
    bf16: true,
  },
  {
    name: 'avx512-vnni',
    arch: 'x64',
    compilerFlags: [...enable(vnni), '-mprefer-vector-width=512'],
    processorFlags: vnni,
  },
  {
    name: 'avx512',
    arch: 'x64',
    compilerFlags: [...enable(avx512), '-mprefer-vector-width=512'],
    processorFlags: avx512,
  },
  {
    name: 'avx2-vnni', // of laptops since 2021, which have no AVX-512
    arch: 'x64',
    compilerFlags: [...enable(avx2), '-mavxvnni'],
    processorFlags: [...avx2, 'avx_vnni'],
  },
  { name: 'avx2', arch: 'x64', compilerFlags: enable(avx2), processorFlags: avx2 },
  {
    name: 'neon-dotprod',
    arch: 'arm64',
    compilerFlags: ['-march=armv8.2-a+dotprod'],
    processorFlags: ['asimddp'],
  },
  { name: 'neon', arch: 'arm64', compilerFlags: [], processorFlags: [] }, // part of every arm64; Apple's compiler adds what Apple's processors have
  { name: 'generic', compilerFlags: [], processorFlags: [] },
];

/** What matters of a processor. */
export interface Processor {
  arch: NodeJS.Architecture;
  flags: ReadonlySet<string>;
}

/** Whether this processor can run what is compiled for that instruction set. */
export function supports({ arch, flags }: Processor, instructionSet: InstructionSet): boolean {
  return (
    (instructionSet.arch ?? arch) === arch &&
    instructionSet.processorFlags.every((processorFlag) => flags.has(processorFlag))
  );
}

/** The fastest instruction set that a processor has, by default the one of this machine. */
export function detectInstructionSet(processor: Processor = thisProcessor()): InstructionSet {
  return instructionSets.find((instructionSet) => supports(processor, instructionSet))!;
}

let known: Processor | undefined;

/** The processor of this machine. */
export function thisProcessor(): Processor {
  known ??= { arch: process.arch, flags: readProcessorFlags() };
  return known;
}

/** The flags of the first processor in the text of /proc/cpuinfo; on arm64 it calls them features. */
export function parseCpuInfo(text: string): Set<string> {
  return new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/));
}

/** What macOS answers on x64: `AVX2` and `AVX512F`, which are cpuinfo's names in capitals. */
export function parseSysctl(text: string): Set<string> {
  return new Set(text.toLowerCase().split(/\s+/));
}

function readProcessorFlags(): Set<string> {
  try {
    if (process.arch !== 'x64' && process.platform !== 'linux') return new Set();
    if (process.platform === 'darwin') {
      const names = ['machdep.cpu.features', 'machdep.cpu.leaf7_features'];
      return parseSysctl(execFileSync('sysctl', ['-n', ...names], { encoding: 'utf8' }));
    }
    return parseCpuInfo(readBeginning('/proc/cpuinfo'));
  } catch {
    return new Set(); // a system that does not tell: only what every processor has
  }
}

/** The first processor's entry: the file has one for each, and takes the system milliseconds to write for a hundred. */
function readBeginning(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(8192);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
