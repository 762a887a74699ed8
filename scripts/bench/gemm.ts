/** @file Benchmark: the matrix products of a training step, compared with OpenBLAS where it is installed. */
import * as z from 'zod';
import { writeBenchTable } from './bench-table.ts';
import { gemmRates, PEAK_SHAPE, type GemmShape } from './gemm-peak.ts';
import { benchModels, tokensPerStep } from './models.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, printTable } from './statistics.ts';

export const description =
  'matrix products of the 7M model’s step, GFLOP/s, against OpenBLAS: [--threads=all] [--seconds=1 per product]';

export const options = z.strictObject({ threads: threadsOption, seconds: z.coerce.number().positive().default(1) });

/** Rows of logits that exist at a time, as cross-entropy computes them. */
const LOGITS_ROWS = 512;

/** Measures each product that the step of the 7M model consists of; the first one's rate is the GEMM peak. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { threads, seconds } = parseOptions(args, options);
  const named = products();
  const rates = await gemmRates(
    named.map(([, shape]) => shape),
    threads,
    seconds,
  );
  const rows = named.map(([product, { m, n, k, transposeA, transposeB }], i) => ({
    product,
    m,
    n,
    k,
    transposes: `${transposeA ? 'Aᵀ' : 'A'} ${transposeB ? 'Bᵀ' : 'B'}`,
    f32: rates[i]!.f32,
    bf16: rates[i]!.bf16,
    openblas: rates[i]!.openblas,
  }));

  console.log(`matrix products, GFLOP/s on ${threads} threads; the first product’s rate is the GEMM peak`);
  const ratioTo = (peer: number | null, rate: number | null) => (peer === null || rate === null ? null : rate / peer);
  printTable(
    ['product', 'm × n × k', 'form', 'f32', 'bf16', 'OpenBLAS', 'f32 / OpenBLAS', 'bf16 / OpenBLAS'],
    rows.map(({ product, m, n, k, transposes, f32, bf16, openblas }) => [
      product,
      `${m} × ${n} × ${k}`,
      transposes,
      fixed(f32, 1),
      fixed(bf16, 1),
      fixed(openblas, 1),
      fixed(ratioTo(openblas, f32), 2),
      fixed(ratioTo(openblas, bf16), 2),
    ]),
  );
  if (rates[0]!.openblas === null) console.log('  no OpenBLAS to compare with (Debian: libopenblas-dev)');
  await writeBenchTable('gemm', rows, { threads });
  const { f32: ours, openblas: peer, bf16 } = rates[0]!;
  return { threads, unit: 'GFLOP/s', ours, bf16, peer, ratio: ratioTo(peer, ours), products: rows };
}

/** The products of the 7M model, forward and backward. */
function products(): [string, GemmShape][] {
  const model = benchModels['7M'];
  const { hiddenSize: d, layers, vocabularySize } = model.config;
  const f = layers[0]!.ffn.intermediateSize;
  const n = tokensPerStep(model);
  const plain = { transposeA: false, transposeB: false };
  return [
    ['gate, up', PEAK_SHAPE],
    ['  dX', { m: n, n: d, k: f, ...plain }],
    ['  dW', { m: f, n: d, k: n, ...plain, transposeA: true }],
    ['down', { m: n, n: d, k: f, ...plain, transposeB: true }],
    ['  dX', { m: n, n: f, k: d, ...plain }],
    ['  dW', { m: d, n: f, k: n, ...plain, transposeA: true }],
    ['q, k, v, o', { m: n, n: d, k: d, ...plain, transposeB: true }],
    ['  dX', { m: n, n: d, k: d, ...plain }],
    ['  dW', { m: d, n: d, k: n, ...plain, transposeA: true }],
    ['logits', { m: LOGITS_ROWS, n: vocabularySize, k: d, ...plain, transposeB: true }],
    ['  dX', { m: LOGITS_ROWS, n: d, k: vocabularySize, ...plain }],
    ['  dW', { m: vocabularySize, n: d, k: LOGITS_ROWS, ...plain, transposeA: true }],
  ];
}
