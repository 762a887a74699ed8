/** @file What the benchmark of the training step tells: numbers from times, tables from numbers. */
import type { KernelProfile } from '@arrowsmith/backend-native';
import { countParameters } from '@arrowsmith/model';
import type { BenchRow } from './bench-table.ts';
import type { GemmRates } from './gemm-peak.ts';
import { type BenchModel, flopPerToken, tokensPerStep } from './models.ts';
import { fixed, median, printTable } from './statistics.ts';
import type { TorchSeries } from './torch-peer.ts';

/** One way to run the step; its series before and after the peer's show how steady the machine is. */
export interface Measured {
  name: string;
  series: number[][];
  maxRss: number;
}

/** Where the time of some steps went. */
export interface KernelTimes {
  kernels: KernelProfile[];
  steps: number;
  /** Of a step, median. */
  stepSeconds: number;
  /** Share of the steps' time that passed outside of kernels. */
  overhead: number;
}

/** Nothing where it did not run. */
export const measuredOf = (series: TorchSeries): Measured[] =>
  'stepSeconds' in series ? [{ name: series.name, series: [series.stepSeconds], maxRss: series.maxRss }] : [];

/** The rate that counts as GEMM peak: OpenBLAS's, or our own where it is absent; mean of before and after. */
function peakRate(peaks: readonly GemmRates[]): number {
  const rates = peaks.map(({ openblas, f32 }) => openblas ?? f32);
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

/** The numbers of a model, by the names that the benchmark returns them under. */
export function summarize({
  model,
  ours,
  peers,
  peaks,
  kernels,
}: {
  model: BenchModel;
  ours: Measured;
  peers: readonly TorchSeries[];
  peaks: readonly GemmRates[];
  kernels: KernelTimes | undefined;
}) {
  const speed = ({ series }: Measured) => tokensPerStep(model) / median(series.flat());
  const tokensPerSecond = speed(ours);
  const gflops = (tokensPerSecond * flopPerToken(model.config)) / 1e9;
  const fastest = peers.flatMap(measuredOf).sort((a, b) => speed(b) - speed(a))[0];
  const peerTokensPerSecond = fastest === undefined ? null : speed(fastest);
  const gemmPeakGflops = peakRate(peaks);
  const ratio = peerTokensPerSecond === null ? null : tokensPerSecond / peerTokensPerSecond;
  return {
    unit: 'tokens/s',
    ours: tokensPerSecond,
    peer: peerTokensPerSecond,
    ratio,
    parameters: countParameters(model.config),
    tokensPerSecond,
    gflops,
    gemmPeak: gemmPeakGflops,
    gemmPeaks: peaks,
    shareOfGemmPeak: gflops / gemmPeakGflops,
    peerTokensPerSecond,
    peerName: fastest?.name ?? null,
    overhead: kernels?.overhead ?? null,
  };
}

/** Prints a table of the engines. */
export function printEngines(
  title: string,
  model: BenchModel,
  {
    parameters,
    gemmPeak: peak,
    gemmPeaks,
    overhead,
    ratio,
    peakBytes,
  }: ReturnType<typeof summarize> & { peakBytes: number | null },
  ours: Measured,
  peers: readonly TorchSeries[],
): void {
  const from = gemmPeaks[0]!.openblas === null ? 'our own, as there is no OpenBLAS' : 'OpenBLAS';
  console.log(`${title}: ${(parameters / 1e6).toFixed(2)} M parameters, ${tokensPerStep(model)} tokens a step`);
  console.log(
    `GEMM peak ${peak.toFixed(1)} GFLOP/s (${from}; before and after: ${gemmPeaks.map((rates) => fixed(rates.openblas ?? rates.f32, 1)).join(', ')})`,
  );
  const row = (name: string, times: readonly number[], maxRss?: number) => {
    const tokensPerSecond = tokensPerStep(model) / median(times);
    const gflops = (tokensPerSecond * flopPerToken(model.config)) / 1e9;
    const milliseconds = fixed(1000 * median(times), 1);
    const memory = maxRss === undefined ? '' : fixed(maxRss / 1e6, 0);
    return [
      name,
      String(times.length),
      milliseconds,
      fixed(tokensPerSecond, 0),
      fixed(gflops, 1),
      fixed((100 * gflops) / peak, 1),
      memory,
    ];
  };
  printTable(
    ['', 'steps', 'ms/step', 'tokens/s', 'GFLOP/s', '% of peak', 'RSS MB'],
    [
      ...ours.series.map((times, i) => row(`${ours.name}, ${i === 0 ? 'before' : 'after'}`, times)),
      row(`${ours.name}, all`, ours.series.flat(), ours.maxRss),
      ...peers.flatMap(measuredOf).map(({ name, series, maxRss }) => row(name, series.flat(), maxRss)),
    ],
  );
  for (const peer of peers)
    if ('unavailable' in peer) console.log(`  ${peer.name}: not available (${peer.unavailable})`);
  if (ratio !== null)
    console.log(`  ratio to the fastest peer ${ratio.toFixed(2)} (more than 1: arrowsmith is faster)`);
  if (peakBytes !== null) console.log(`  peak memory of tensors and kernels ${fixed(peakBytes / 1e6, 0)} MB`);
  if (overhead !== null) console.log(`  outside of kernels ${fixed(100 * overhead, 1)} % of a step`);
}

/** Prints a table of the kernels. */
export function printProfile({ kernels, steps, stepSeconds }: KernelTimes): void {
  console.log('\ntime per kernel in a step');
  printTable(
    ['kernel', 'calls', 'ms', '% of step'],
    kernels.map(({ kernel, calls, seconds }) => [
      kernel,
      fixed(calls / steps, 0),
      fixed((1000 * seconds) / steps, 2),
      fixed((100 * seconds) / steps / stepSeconds, 1),
    ]),
  );
}

/** One row for each step of each engine. */
export function stepRows({
  model,
  backend,
  precision,
  engines,
}: {
  model: string;
  backend: string;
  precision: string;
  engines: readonly Pick<Measured, 'name' | 'series'>[];
}): BenchRow[] {
  return engines.flatMap(({ name, series }) =>
    series.flatMap((times, i) =>
      times.map((seconds, step) => ({
        model,
        backend,
        precision,
        engine: name,
        series: i + 1,
        step: step + 1,
        seconds,
      })),
    ),
  );
}
