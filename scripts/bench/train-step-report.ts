/** @file What the benchmark of the training step tells: numbers from times, tables from numbers. */
import type { KernelProfile } from '@arrowsmith/backend-native';
import { countParameters } from '@arrowsmith/model';
import type { BenchRow } from './bench-table.ts';
import type { GemmRates } from './gemm-peak.ts';
import { type BenchModel, flopPerToken, tokensPerStep } from './models.ts';
import { fixed, median, printTable } from './statistics.ts';

/** One way to run the step. */
export interface Measured {
  name: string;
  /** Seconds of each step, turn by turn. */
  turns: number[][];
  /** Largest resident memory of its process, in bytes. */
  maxRss: number;
}

/** A way that does not run here. */
export interface Unavailable {
  name: string;
  reason: string;
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

/** The rate that counts as GEMM peak: OpenBLAS's, or our own where it is absent. */
const peakRate = ({ openblas, f32 }: GemmRates): number => openblas ?? f32;

const medianStep = ({ turns }: Measured): number => median(turns.flat());

/** How many times as fast as the other one is, in each turn. */
const ratios = (one: Measured, other: Measured): number[] =>
  one.turns.map((times, turn) => median(other.turns[turn]!) / median(times));

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
  peers: readonly Measured[];
  peaks: readonly GemmRates[];
  kernels: KernelTimes | undefined;
}) {
  const flop = tokensPerStep(model) * flopPerToken(model.config);
  const tokensPerSecond = tokensPerStep(model) / medianStep(ours);
  const fastest = [...peers].sort((a, b) => medianStep(a) - medianStep(b))[0];
  const peerTokensPerSecond = fastest === undefined ? null : tokensPerStep(model) / medianStep(fastest);
  return {
    unit: 'tokens/s',
    ours: tokensPerSecond,
    peer: peerTokensPerSecond,
    /** Median of the turns; and of the share of the GEMM peak, too. */
    ratio: fastest === undefined ? null : median(ratios(ours, fastest)),
    ratios: fastest === undefined ? null : ratios(ours, fastest),
    parameters: countParameters(model.config),
    tokensPerSecond,
    gflops: flop / medianStep(ours) / 1e9,
    gemmPeak: median(peaks.map(peakRate)),
    gemmPeaks: peaks,
    shareOfGemmPeak: median(ours.turns.map((times, turn) => flop / median(times) / 1e9 / peakRate(peaks[turn]!))),
    peerTokensPerSecond,
    peerName: fastest?.name ?? null,
    overhead: kernels?.overhead ?? null,
  };
}

/** Prints a table of the engines. */
export function printEngines(
  title: string,
  model: BenchModel,
  summary: ReturnType<typeof summarize> & { peakBytes: number | null },
  ours: Measured,
  peers: readonly Measured[],
  unavailable: readonly Unavailable[],
): void {
  const { parameters, gemmPeak: peak, gemmPeaks, shareOfGemmPeak, overhead, peakBytes } = summary;
  const from = gemmPeaks[0]!.openblas === null ? 'our own, as there is no OpenBLAS' : 'OpenBLAS';
  console.log(`${title}: ${(parameters / 1e6).toFixed(2)} M parameters, ${tokensPerStep(model)} tokens a step`);
  console.log(
    `GEMM peak ${peak.toFixed(1)} GFLOP/s (${from}; ${extent(gemmPeaks.map(peakRate), 1)} in ${gemmPeaks.length} turns)`,
  );
  const speeds = (times: readonly number[]) => times.map((seconds) => tokensPerStep(model) / seconds);
  printTable(
    ['', 'steps', 'ms/step', 'tokens/s', 'turns', 'GFLOP/s', 'RSS MB'],
    [ours, ...peers].map((engine) => [
      engine.name,
      String(engine.turns.flat().length),
      fixed(1000 * medianStep(engine), 1),
      fixed(tokensPerStep(model) / medianStep(engine), 0),
      extent(speeds(engine.turns.map(median)), 0),
      fixed((tokensPerStep(model) * flopPerToken(model.config)) / medianStep(engine) / 1e9, 1),
      fixed(engine.maxRss / 1e6, 0),
    ]),
  );
  for (const { name, reason } of unavailable) console.log(`  ${name}: not available (${reason})`);
  console.log(`  ${fixed(100 * shareOfGemmPeak, 1)} % of the GEMM peak, median of the turns`);
  for (const peer of peers) {
    const each = ratios(ours, peer);
    console.log(`  ${median(each).toFixed(2)} times as fast as ${peer.name}, median of the turns (${extent(each, 2)})`);
  }
  if (peakBytes !== null) console.log(`  peak memory of tensors and kernels ${fixed(peakBytes / 1e6, 0)} MB`);
  if (overhead !== null) console.log(`  outside of kernels ${fixed(100 * overhead, 1)} % of a step`);
}

/** From the smallest to the largest. */
const extent = (values: readonly number[], digits: number): string =>
  `${fixed(Math.min(...values), digits)}–${fixed(Math.max(...values), digits)}`;

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
  engines: readonly Measured[];
}): BenchRow[] {
  return engines.flatMap(({ name, turns }) =>
    turns.flatMap((times, i) =>
      times.map((seconds, step) => ({
        model,
        backend,
        precision,
        engine: name,
        turn: i + 1,
        step: step + 1,
        seconds,
      })),
    ),
  );
}
