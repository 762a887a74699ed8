/** @file Checks of processor and memory. */
import prettyBytes from 'pretty-bytes';
import { type Finding, finding } from './finding.ts';
import type { Run } from './tools.ts';

/** Instruction sets that matter to matrix products, as /proc/cpuinfo and sysctl name them. */
const RELEVANT =
  /^(avx|fma|f16c|avx2|avx512f|avx512_?vnni|avx512_?bf16|avx_?vnni|amx_\w+|asimd|asimddp|fphp|bf16|i8mm|sve2?|sme2?|neon|feat_(bf16|i8mm|dotprod|fp16|sme2?))$/;

/** The most that a wasm module can address. */
const WASM_HEAP_BYTES = 2 ** 32;

export interface Processor {
  model: string;
  cores: number;
  /** Empty where the system does not tell. */
  instructionSets: readonly string[];
}

export function checkProcessor({ model, cores, instructionSets }: Processor): Finding {
  const sets = instructionSets.length === 0 ? '' : ` with ${instructionSets.join(' ')}`;
  const means = `${model.trim()}${sets}; the native backend trains on all of them`;
  return finding('ok', 'processor', `${cores} ${cores === 1 ? 'core' : 'cores'}`, means);
}

/**
 * The relevant instruction sets of this processor.
 * @param readCpuInfo the content of /proc/cpuinfo, undefined where there is none (macOS: sysctl is asked)
 */
export async function readInstructionSets(readCpuInfo: () => Promise<string | undefined>, run: Run): Promise<string[]> {
  const cpuInfo = await readCpuInfo();
  const names =
    cpuInfo === undefined
      ? [...((await run('sysctl', ['hw.optional'])) ?? '').matchAll(/^hw\.optional\.(?:arm\.)?(\w+): 1$/gm)].map(
          (match) => match[1]!,
        )
      : (/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuInfo)?.[1] ?? '').split(/\s+/);
  return [...new Set(names.map((name) => name.toLowerCase()))].filter((name) => RELEVANT.test(name));
}

const inGibibytes = (bytes: number): string => prettyBytes(bytes, { binary: true });

/** Bytes that are copied: more than caches hold. */
const COPIED_BYTES = 64 * 2 ** 20;
const COPIES = 5;

/** Bytes per second that one core reads and writes when it copies, in memory that has been touched; the fastest of some copies counts. */
export function measureCopying(): number {
  const [from, to] = [new Uint8Array(COPIED_BYTES).fill(1), new Uint8Array(COPIED_BYTES).fill(2)];
  let best = Infinity;
  for (let copy = 0; copy < COPIES; copy++) {
    const start = performance.now();
    to.set(from);
    best = Math.min(best, performance.now() - start);
  }
  return (2 * COPIED_BYTES * 1000) / best;
}

/**
 * @param copying bytes per second, see {@link measureCopying}
 * @param total of the machine
 * @param limit of the container (cgroup), undefined where there is none
 */
export function checkMemory(
  { total, free, limit }: { total: number; free: number; limit: number | undefined },
  copying: number,
): Finding {
  const usable = Math.min(total, limit || Infinity);
  const what = `${inGibibytes(usable)}${usable < total ? ' (limit of the container)' : ''}, ${inGibibytes(Math.min(free, usable))} free, copies ${prettyBytes(copying)}/s`;
  if (usable < WASM_HEAP_BYTES) {
    return finding(
      'note',
      'memory',
      what,
      `keep models and batches small: the wasm backend takes up to ${inGibibytes(WASM_HEAP_BYTES)}`,
    );
  }
  return finding('ok', 'memory', what, `the wasm backend takes up to ${inGibibytes(WASM_HEAP_BYTES)} of it`);
}
