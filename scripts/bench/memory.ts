/** @file Benchmark: the memory that training takes, of every family, against what is told before. */
import { fileURLToPath } from 'node:url';
import { families } from '@arrowsmith/model';
import { resolveEngine } from '@arrowsmith/engine/resolve';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { $ } from 'zx';
import { writeBenchTable } from './bench-table.ts';
import type { MemoryCase, MemoryMeasurement } from './memory-process.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, printTable } from './statistics.ts';

/** Models and batches, by name. */
const sizes = {
  small: { hiddenSize: 128, layers: 4, batchSize: 16, vocabularySize: 2048, contextLength: 256 },
  long: { hiddenSize: 192, layers: 3, batchSize: 4, vocabularySize: 2048, contextLength: 1024 },
  wide: { hiddenSize: 256, layers: 6, batchSize: 16, vocabularySize: 8192, contextLength: 256 },
  large: { hiddenSize: 512, layers: 4, batchSize: 64, vocabularySize: 4096, contextLength: 256 },
} as const;
type Size = keyof typeof sizes;

/** What else changes how much a step takes. */
const variants: Record<string, Record<string, unknown>> = {
  plain: {},
  accumulated: { gradientAccumulation: 4 },
  recomputed: { recomputeActivations: true },
  quantized: { quantization: { format: 'int4-g32', from: 0 } },
  muon: { optimizer: { method: 'muon' } },
};

export const description = `memory of a training run, told before / measured, of every family: [--families=a,b] [--sizes=small,long,wide,large] \
[--variants=plain,accumulated,recomputed,quantized,muon] [--precision=f32|bf16|all] [--threads=all]`;

const listOf = (known: readonly string[], initial: readonly string[]) =>
  z
    .string()
    .default(initial.join(','))
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(known as [string, ...string[]])));

export const options = z.strictObject({
  families: listOf(Object.keys(families), Object.keys(families)),
  sizes: listOf(Object.keys(sizes), ['small', 'wide']),
  variants: listOf(Object.keys(variants), ['plain']),
  precision: z.enum(['f32', 'bf16', 'all']).default('all'),
  threads: threadsOption,
});

/** Each run in a process of its own, one after the other. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const chosen = parseOptions(args, options);
  const { precisions, notice } = possiblePrecisions(chosen.precision);
  const rows: {
    family: string;
    size: string;
    variant: string;
    precision: string;
    estimate: number;
    measured: number;
    ratio: number;
    seconds: number;
  }[] = [];
  for (const precision of precisions) {
    for (const size of chosen.sizes) {
      for (const variant of chosen.variants) {
        for (const family of chosen.families) {
          const measured = await measureInOwnProcess(caseOf(family, size as Size, variant, precision, chosen.threads));
          const ratio = measured.estimate.total / measured.measured;
          rows.push({
            family,
            size,
            variant,
            precision,
            estimate: measured.estimate.total,
            measured: measured.measured,
            ratio,
            seconds: measured.seconds,
          });
        }
      }
    }
  }
  printTable(
    ['family', 'size', 'variant', 'precision', 'told MB', 'peak MB', 'told / peak', 's to tell'],
    rows.map((row) => [
      row.family,
      row.size,
      row.variant,
      row.precision,
      fixed(row.estimate / 1e6, 0),
      fixed(row.measured / 1e6, 0),
      fixed(row.ratio, 3),
      fixed(row.seconds, 2),
    ]),
  );
  const ratios = rows.map(({ ratio }) => ratio);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  console.log(
    `  from ${fixed(least, 3)} to ${fixed(most, 3)} times the peak; at least 1 is a bound, at most 1.1 a close one`,
  );
  if (notice !== undefined) console.log(`  ${notice}`);
  await writeBenchTable('memory', rows, { threads: chosen.threads });
  return { unit: 'told / peak', ours: most, peer: null, ratio: null, least, most, threads: chosen.threads, runs: rows };
}

function caseOf(family: string, size: Size, variant: string, precision: 'f32' | 'bf16', threads: number): MemoryCase {
  const { hiddenSize, layers, batchSize, ...data } = sizes[size];
  return {
    model: { family, hiddenSize, layers },
    training: { batchSize, ...variants[variant] },
    data,
    precision,
    threads,
  };
}

async function measureInOwnProcess(each: MemoryCase): Promise<MemoryMeasurement> {
  const script = fileURLToPath(new URL('memory-process.ts', import.meta.url));
  const { stdout } = await $({ quiet: true })`${process.execPath} --import tsx ${script} ${JSON.stringify(each)}`;
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as MemoryMeasurement;
}

/** @throws UserError where bf16 is asked for alone, and the native backend has none here; or where there is no native backend */
function possiblePrecisions(asked: 'f32' | 'bf16' | 'all'): { precisions: ('f32' | 'bf16')[]; notice?: string } {
  const { backend, precision } = resolveEngine({ precision: 'bf16' });
  if (backend !== 'native') {
    throw new UserError({
      what: 'memory is told for the backend native',
      found: `the backend ${backend}`,
      fix: 'npm run doctor says what native lacks here',
    });
  }
  if (asked === 'f32') return { precisions: ['f32'] };
  if (precision === 'bf16') return { precisions: asked === 'all' ? ['f32', 'bf16'] : ['bf16'] };
  if (asked === 'all')
    return { precisions: ['f32'], notice: 'bf16 is not measured: this processor has no such products' };
  throw new UserError({
    what: 'the native backend has no bfloat16 here',
    expected: 'a processor with AVX512_BF16, and the build for it',
    fix: '--precision=f32',
  });
}
