/** @file Refuses a training that does not fit in memory, with what would fit. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { UserError } from '@arrowsmith/errors';
import { describeBytes, type GraphicsMemory, graphicsMemory } from './graphics-memory.ts';
import { estimateMemory, type TrainingMemory, type TrainingMemoryOptions } from './memory.ts';

/** What training may take. */
export interface MemoryLimits {
  /** Bytes that the process may have, with what it has. By default {@link availableMemory}. */
  available?: number;
  /** By default that of the active backend, if it has any. */
  graphics?: GraphicsMemory | undefined;
}

/**
 * @throws UserError with the numbers when training cannot fit, and with parameters that make it fit if there are any
 */
export async function checkMemory(
  options: TrainingMemoryOptions,
  estimate: TrainingMemory,
  { available = availableMemory(), graphics = graphicsMemory() }: MemoryLimits = {},
): Promise<void> {
  const limits = { available, graphics };
  const tight = await whatIsTight(estimate, limits);
  if (tight === undefined) return;
  throw new UserError({ ...describeTight(tight, estimate, limits), fix: await whatFits(options, estimate, limits) });
}

/** Whether training fits in memory. */
export async function fitsMemory(
  estimate: TrainingMemory,
  { available = availableMemory(), graphics = graphicsMemory() }: MemoryLimits = {},
): Promise<boolean> {
  return (await whatIsTight(estimate, { available, graphics })) === undefined;
}

type Limits = Required<Pick<MemoryLimits, 'available'>> & Pick<MemoryLimits, 'graphics'>;

/** What a graphics processor holds of a training. */
const bytesOfTensors = ({ total, before, heap }: TrainingMemory): number => total - before - heap;

/** What the process holds, where a graphics card has memory of its own. */
const bytesOfProcess = (estimate: TrainingMemory, { graphics }: Limits): number =>
  estimate.total - (graphics === undefined || graphics.isShared ? 0 : bytesOfTensors(estimate));

/** Whose memory is too small: the process's, or that of a graphics processor; undefined where training fits. */
async function whatIsTight(estimate: TrainingMemory, limits: Limits): Promise<'process' | GraphicsMemory | undefined> {
  if (bytesOfProcess(estimate, limits) > limits.available) return 'process';
  const { graphics } = limits;
  return graphics === undefined || (await graphics.has(bytesOfTensors(estimate))) ? undefined : graphics;
}

function describeTight(tight: 'process' | GraphicsMemory, estimate: TrainingMemory, limits: Limits) {
  const parts = PARTS.filter((part) => part !== 'quantized' || estimate.quantized > 0);
  const listed = (some: readonly (keyof typeof PART_NAMES)[]): string =>
    some.map((part) => `${PART_NAMES[part]} ${describeBytes(estimate[part])}`).join(', ');
  if (tight === 'process') {
    return {
      what: 'training does not fit in memory',
      expected: `at most ${describeBytes(limits.available)}, which is what this machine has left for this process, with what it has taken`,
      found: `${describeBytes(bytesOfProcess(estimate, limits))}: ${listed(parts)}`,
    };
  }
  return {
    what: `training does not fit in the memory of the graphics processor ${tight.name}`,
    expected:
      tight.most === undefined
        ? 'less: it was asked for as much, and has not given it'
        : `at most ${describeBytes(tight.most)}, about what the system lets a program have for graphics`,
    found: `${describeBytes(bytesOfTensors(estimate))}: ${listed(parts.filter((part) => part !== 'before' && part !== 'heap'))}`,
  };
}

const PART_NAMES = {
  before: 'before training',
  parameters: 'parameters',
  optimizer: 'optimizer',
  gradients: 'gradients',
  quantized: 'quantized matrices',
  activations: 'activations',
  scratch: 'kernels',
  heap: 'JavaScript',
} as const;

const PARTS = Object.keys(PART_NAMES) as (keyof typeof PART_NAMES)[];

/** The least change of parameters with which training fits, found by trying. */
async function whatFits(options: TrainingMemoryOptions, { before }: TrainingMemory, limits: Limits): Promise<string> {
  const { batchSize, gradientAccumulation } = options.parameters;
  const divisors = Array.from({ length: batchSize + 1 }, (_, count) => count).filter(
    (count) => batchSize % count === 0 && count >= gradientAccumulation,
  );
  // Few rows at once first cost speed on small models, so that recomputation is tried last.
  for (const recomputeActivations of [options.parameters.recomputeActivations, true]) {
    for (const count of divisors) {
      const changed = { ...options.parameters, gradientAccumulation: count, recomputeActivations };
      const estimate = await estimateMemory({ ...options, parameters: changed, before });
      if ((await whatIsTight(estimate, limits)) !== undefined) continue;
      const changes = [
        ...(count === gradientAccumulation ? [] : [`gradientAccumulation: ${count}`]),
        ...(recomputeActivations === options.parameters.recomputeActivations ? [] : ['recomputeActivations: true']),
      ];
      return `${changes.join(' and ')} (${describeBytes(estimate.total)}, with the same result but for rounding)`;
    }
  }
  const least = await estimateMemory({
    ...options,
    parameters: { ...options.parameters, gradientAccumulation: batchSize, recomputeActivations: true },
    before,
  });
  return `a smaller model, a shorter context, or a machine with more memory: one row at a time, with recomputeActivations, still takes ${describeBytes(least.total)}`;
}

/**
 * Bytes that this process may have, with what it has now: what the system can give without swapping where it tells (Linux), all memory
 * elsewhere, as what other systems call free is a small part of what they would give; and no more than its container allows.
 */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  const ofContainer = limit === undefined || limit === 0 ? Infinity : limit;
  return Math.min(ofContainer, systemMemory());
}

function systemMemory(): number {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kilobytes === undefined ? totalmem() : 1024 * Number(kilobytes) + process.memoryUsage.rss();
  } catch {
    return totalmem();
  }
}
