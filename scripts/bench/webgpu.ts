/** @file Benchmark: the backend webgpu on this machine's graphics processor, beside the backend native, and what JavaScript does for a step. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { resolveEngine } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { parseOptions } from './options.ts';
import { fixed, printTable } from './statistics.ts';
import type { WebGpuCase, WebGpuMeasurement } from './webgpu-process.ts';

const SIZES = {
  /** For programs that stand in for a graphics processor. */
  small: {
    size: 128,
    model: { hiddenSize: 32, layers: 2, heads: 2, intermediateSize: 64, contextLength: 64 },
    batchSize: 4,
    turns: 3,
  },
  large: {
    size: 2048,
    model: { hiddenSize: 512, layers: 8, heads: 8, intermediateSize: 1408, contextLength: 512 },
    batchSize: 8,
    turns: 9,
  },
} as const;

/** Eight layers; the host's work does not depend on the sizes of tensors, of which the null backend holds few. */
const HOST = { ...SIZES.small, model: { ...SIZES.small.model, layers: 8 }, turns: 30 };

export const description =
  'webgpu: products, attention, a training step and decoding on the graphics processor, against native; host time of a step: [--size=small|large]';

export const options = z.strictObject({
  size: z
    .enum(['auto', ...(Object.keys(SIZES) as ['small', 'large'])])
    .default('auto')
    .describe('Of what is computed; auto is small for SwiftShader and its like, and large for others.'),
  hostOnly: z
    .boolean()
    .default(false)
    .describe('Only what JavaScript does, for which no graphics processor is needed.'),
});

/** Dawn's backend that takes all commands and computes nothing: what is left is the host's time. */
const NULL_DEVICE = { ARROWSMITH_DAWN: 'backend=null' };

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { size, hostOnly } = parseOptions(args, options);
  const host = measure({ ...HOST, backend: 'webgpu', hostOnly: true }, NULL_DEVICE);
  console.log(`host, for a step of 8 layers: ${fixed(1000 * host.hostStep, 1)} ms of the processor’s time\n`);
  const ofHost = { hostStepMs: 1000 * host.hostStep, unit: 'tokens/s' };
  if (hostOnly) return { ours: null, peer: null, ratio: null, ...ofHost };

  const engine = resolveEngine({ backend: 'webgpu' });
  const { adapter, driver } = engine as Extract<typeof engine, { adapter: string }>;
  const chosen = size === 'auto' ? (/swiftshader|llvmpipe/i.test(adapter) ? 'small' : 'large') : size;
  const [ours, peer] = (['webgpu', 'native'] as const).map((backend) =>
    measure({ ...SIZES[chosen], backend, hostOnly: false }),
  ) as [WebGpuMeasurement, WebGpuMeasurement];
  console.log(`${adapter}, ${driver}; ${chosen} sizes`);
  const giga = (rate: number | null): string => fixed(rate === null ? null : rate / 1e9, 2);
  const rate = ({ tokensPerStep, step }: WebGpuMeasurement): number => tokensPerStep / step;
  const share = ({ stepWork, step, gemm }: WebGpuMeasurement): number => stepWork / step / (gemm ?? NaN);
  const row = (title: string, of: (each: WebGpuMeasurement) => string): string[] => [title, of(ours), of(peer)];
  printTable(
    ['', 'webgpu', 'native'],
    [
      row('product, GFLOP/s', ({ gemm }) => giga(gemm)),
      row('attention, GFLOP/s', ({ attention }) => giga(attention)),
      row('copy, GB/s', ({ bandwidth }) => giga(bandwidth)),
      row('training, tokens/s', (each) => fixed(rate(each), 0)),
      row('  of the product’s rate', (each) => fixed(share(each), 2)),
      row('decoding, tokens/s', ({ decode }) => fixed(decode, 0)),
    ],
  );
  return {
    ours: rate(ours),
    peer: rate(peer),
    ratio: rate(ours) / rate(peer),
    ...ofHost,
    adapter,
    sizes: chosen,
    gemm: ours.gemm,
    attention: ours.attention,
    bandwidth: ours.bandwidth,
    decode: ours.decode,
    shareOfGemm: share(ours),
  };
}

function measure(what: WebGpuCase, variables: Record<string, string> = {}): WebGpuMeasurement {
  const script = join(import.meta.dirname, 'webgpu-process.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, JSON.stringify(what)], {
    encoding: 'utf8',
    env: { ...process.env, ...variables },
  });
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1)!) as WebGpuMeasurement;
  throw new UserError({
    what: `the measurement on ${what.backend} failed`,
    found: stderr.trim().split('\n').slice(-12).join('\n'),
    fix: 'npm run doctor says what there is of backends',
  });
}
