/** @file Benchmark: the backend webgpu on this machine's graphics processor, beside the backend native, and what JavaScript does for a step. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { resolveEngine } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { parseOptions } from './options.ts';
import { fixed, printTable } from './statistics.ts';
import { torchGraphics } from './torch-peer.ts';
import { layerProduct, modelOf, type WebGpuCase, type WebGpuMeasurement } from './webgpu-process.ts';
import { type TorchOnGraphics, torchOnGraphics } from './webgpu-torch.ts';

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
  'webgpu: products, attention, a training step and decoding on the graphics processor, against native and, of the Python that PYTHON names, PyTorch on the same one; host time of a step: [--size=small|large]';

export const options = z.strictObject({
  size: z
    .enum(['auto', ...(Object.keys(SIZES) as ['small', 'large'])])
    .default('auto')
    .describe('Of what is computed; auto is small for SwiftShader and its like, and large for others.'),
  hostOnly: z
    .boolean()
    .default(false)
    .describe('Only what JavaScript does, for which no graphics processor is needed.'),
  peer: z
    .enum(['torch', 'none'])
    .default('torch')
    .describe('Whether PyTorch is measured where it reaches a graphics processor.'),
});

/** Dawn's backend that takes all commands and computes nothing: what is left is the host's time. */
const NULL_DEVICE = { ARROWSMITH_DAWN: 'backend=null' };

/** How the columns of the table are measured. */
const WAYS = {
  webgpu: { backend: 'webgpu', precision: 'f32' },
  'webgpu f16': { backend: 'webgpu', precision: 'f16' },
  native: { backend: 'native', precision: 'f32' },
} as const;

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { size, hostOnly, peer: peerName } = parseOptions(args, options);
  const host = measure({ ...HOST, ...WAYS.webgpu, hostOnly: true }, NULL_DEVICE)!;
  console.log(`host, for a step of 8 layers: ${fixed(1000 * host.hostStep, 1)} ms of the processor’s time\n`);
  const ofHost = { hostStepMs: 1000 * host.hostStep, unit: 'tokens/s' };
  if (hostOnly) return { ours: null, peer: null, ratio: null, ...ofHost };

  const engine = resolveEngine({ backend: 'webgpu' });
  const { adapter, driver } = engine as Extract<typeof engine, { adapter: string }>;
  const chosen = size === 'auto' ? (/swiftshader|llvmpipe/i.test(adapter) ? 'small' : 'large') : size;
  const columns = new Map<string, WebGpuMeasurement>();
  for (const [name, way] of Object.entries(WAYS)) {
    const found = measure({ ...SIZES[chosen], ...way, hostOnly: false });
    if (found !== null) columns.set(name, found);
  }
  const [ours, native] = [columns.get('webgpu')!, columns.get('native')!];
  console.log(`${adapter}, ${driver}; ${chosen} sizes`);
  printColumns(columns);
  const model = modelOf(SIZES[chosen]);
  const device = peerName === 'none' ? undefined : await torchGraphics();
  const torch =
    device === undefined ? [] : await torchOnGraphics(device, model, layerProduct(model), SIZES[chosen].turns);
  if (torch.length > 0) printTorch(torch, columns);
  else if (peerName === 'torch') {
    console.log('\n  no PyTorch to compare with: set PYTHON to a Python whose torch reaches the graphics processor');
  }
  const eager = torch.find(({ precision, compile }) => precision === 'f32' && !compile)?.tokensPerSecond ?? null;
  const peer = eager ?? rate(native);
  return {
    ours: rate(ours),
    peer,
    ratio: rate(ours) / peer,
    peerName: eager === null ? 'native' : 'torch eager f32',
    ...ofHost,
    adapter,
    sizes: chosen,
    ...ours,
    native: rate(native),
    f16: columns.has('webgpu f16') ? rate(columns.get('webgpu f16')!) : null,
    shareOfGemm: shareOfGemm(ours),
    attentionShareOfGemm: ours.attention! / ours.gemm!,
    decodeShareOfBandwidth: shareOfBandwidth(ours),
    torch,
  };
}

const rate = ({ tokensPerStep, step }: WebGpuMeasurement): number => tokensPerStep / step;
const shareOfGemm = ({ stepWork, step, gemm }: WebGpuMeasurement): number => stepWork / step / (gemm ?? NaN);
/** Of a copy's rate, what decoding reads of weights. */
const shareOfBandwidth = ({ decode, weightBytes, bandwidth }: WebGpuMeasurement): number =>
  ((decode ?? NaN) * weightBytes) / (bandwidth ?? NaN);

function printColumns(columns: ReadonlyMap<string, WebGpuMeasurement>): void {
  const giga = (value: number | null): string => fixed(value === null ? null : value / 1e9, 2);
  const row = (title: string, of: (each: WebGpuMeasurement) => string): string[] => [
    title,
    ...[...columns.values()].map(of),
  ];
  printTable(
    ['', ...columns.keys()],
    [
      row('product, GFLOP/s', ({ gemm }) => giga(gemm)),
      row('  of the model’s widest layer', ({ layer }) => giga(layer)),
      row('attention, GFLOP/s', ({ attention }) => giga(attention)),
      row('  of the product’s rate', ({ attention, gemm }) => fixed(attention! / gemm!, 2)),
      row('copy, GB/s', ({ bandwidth }) => giga(bandwidth)),
      row('training, tokens/s', (each) => fixed(rate(each), 0)),
      row('  of the product’s rate', (each) => fixed(shareOfGemm(each), 2)),
      row('decoding, tokens/s', ({ decode }) => fixed(decode, 0)),
      row('  of the copy’s rate', (each) => fixed(shareOfBandwidth(each), 2)),
    ],
  );
}

/** Each way of PyTorch, and what of it the backend webgpu reaches: in f16 against bfloat16 where it has that. */
function printTorch(torch: readonly TorchOnGraphics[], columns: ReadonlyMap<string, WebGpuMeasurement>): void {
  console.log('');
  printTable(
    ['', 'training, tokens/s', 'ours of it', 'layer, GFLOP/s', 'ours of it'],
    torch.map(({ name, precision, tokensPerSecond, gemm }) => {
      const ours = (precision === 'bf16' && columns.get('webgpu f16')) || columns.get('webgpu')!;
      return [
        `${name} ${precision}`,
        fixed(tokensPerSecond, 0),
        fixed(tokensPerSecond && rate(ours) / tokensPerSecond, 2),
        fixed(gemm && gemm / 1e9, 0),
        fixed(gemm && ours.layer! / gemm, 2),
      ];
    }),
  );
  for (const { name, precision, reason } of torch) {
    if (reason !== undefined) console.log(`  ${name} ${precision} does not run: ${reason}`);
  }
}

/** @returns null for f16 on a graphics processor that has no such numbers */
function measure(what: WebGpuCase, variables: Record<string, string> = {}): WebGpuMeasurement | null {
  const script = join(import.meta.dirname, 'webgpu-process.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, JSON.stringify(what)], {
    encoding: 'utf8',
    env: { ...process.env, ...variables },
  });
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1)!) as WebGpuMeasurement | null;
  throw new UserError({
    what: `the measurement on ${what.backend} failed`,
    found: stderr.trim().split('\n').slice(-12).join('\n'),
    fix: 'npm run doctor says what there is of backends',
  });
}
