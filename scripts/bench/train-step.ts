/** @file Benchmark: a training step (forward, backward, clipping, AdamW), compared with PyTorch where it is installed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type NativeBackend, startProfile, takeProfile } from '@arrowsmith/backend-native';
import { UserError } from '@arrowsmith/errors';
import { type BackendName, useBackend } from '@arrowsmith/ops';
import { engineNotices, resolveEngine } from '@arrowsmith/ops/resolve-backend';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { writeBenchTable } from './bench-table.ts';
import { gemmPeak } from './gemm-peak.ts';
import { benchModels } from './models.ts';
import { parseOptions, threadsOption } from './options.ts';
import { median } from './statistics.ts';
import { hasTorch, torchSeries } from './torch-peer.ts';
import { type SeriesLength, type TrainSession, trainSession } from './train-session.ts';
import {
  type KernelTimes,
  type Measured,
  measuredOf,
  printEngines,
  printProfile,
  stepRows,
  summarize,
} from './train-step-report.ts';

const modelNames = ['1M', '7M', '15M', '30M'] as const;

const options = z.strictObject({
  model: z.enum([...modelNames, 'all']).default('7M'),
  precision: z.enum(['f32', 'bf16']).default('f32'),
  peer: z.enum(['torch', 'none']).default('torch'),
  threads: threadsOption,
  steps: z.coerce.number().int().min(1).optional(),
  profile: z.boolean().default(false),
});

type Options = z.output<typeof options>;

export const description = `training step, tokens/s, against PyTorch: [--model=${modelNames.join('|')}|all] [--precision=f32|bf16] \
[--peer=torch|none] [--threads=all] [--steps=as many as 10 s take] [--profile]`;

const WARM_UP_STEPS = 2;
const PROFILED_STEPS = 3;
/** Of each of the two series that are measured, unless there is a number of steps. */
const SERIES: SeriesLength = { seconds: 5, leastSteps: 5 };
const PEAK_SECONDS = 1.5;
/** Turns in which bf16 is compared with f32, and the steps of each; the first of a turn does not count. */
const [TURNS, STEPS_OF_TURN] = [5, 4];

/**
 * Measures in turns: the GEMM peak, our steps, the peer's, our steps again, the GEMM peak again. With `--model=all` each model
 * is measured by a process of its own, so that each peak of memory is its own.
 */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const chosen = parseOptions(args, options);
  const results: Result[] = [];
  if (chosen.model === 'all') for (const model of modelNames) results.push(await runInOwnProcess(args, model));
  else results.push(await measure({ ...chosen, model: chosen.model }));
  if (process.env[IN_OWN_PROCESS] === undefined) {
    await writeBenchTable('train-step', results.flatMap(stepRows), {
      precision: chosen.precision,
      threads: chosen.threads,
    });
  }
  const headline = results.find(({ model }) => model === '7M') ?? results[0]!;
  return chosen.model === 'all' ? { ...headline, models: results } : { ...headline };
}

type Result = Awaited<ReturnType<typeof measure>>;

const IN_OWN_PROCESS = 'ARROWSMITH_BENCH_CHILD';

async function runInOwnProcess(args: string[], model: string): Promise<Result> {
  const others = args.filter((arg) => !arg.startsWith('--model'));
  const command = [...process.execArgv, process.argv[1]!, 'train-step', '--json', `--model=${model}`, ...others];
  const env = { ...process.env, [IN_OWN_PROCESS]: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, command, { env });
  const lines = stdout.trimEnd().split('\n');
  console.log(lines.slice(0, -1).join('\n') + '\n');
  return JSON.parse(lines.at(-1)!) as Result;
}

async function measure({
  model: name,
  precision,
  peer,
  threads,
  steps,
  profile,
}: Options & { model: (typeof modelNames)[number] }) {
  const model = benchModels[name];
  const length = { ...SERIES, ...(steps !== undefined && { steps }) };
  const { backend, precision: possible } = resolveEngine({ precision });
  if (possible !== precision) {
    throw new UserError({
      what: `the precision ${precision} is not available`,
      found: engineNotices({ precision }).join('; '),
      fix: '--precision=f32',
    });
  }
  await useBackend(backend, { precision, threads });

  const peaks = [await gemmPeak(threads, PEAK_SECONDS)];
  const session = trainSession(model);
  await session.series({ ...length, steps: WARM_UP_STEPS });
  const ours: Measured = {
    name: `arrowsmith ${backend} ${precision}`,
    series: [await session.series(length)],
    maxRss: 0,
  };
  const withPeer = peer === 'torch' && (await hasTorch());
  const peers = withPeer ? await torchSeries(model, { precision, threads, ...length }) : [];
  ours.series.push(await session.series(length));
  peaks.push(await gemmPeak(threads, PEAK_SECONDS));
  const speedupOverF32 = precision === 'bf16' ? await compareWithF32(session, backend, threads) : null;
  const kernels =
    backend === 'native' ? await kernelTimes(() => session.series({ ...length, steps: PROFILED_STEPS })) : undefined;
  const peakBytes = backend === 'native' ? (tf.backend() as unknown as NativeBackend).nativeMemory().peak : null;
  session.dispose();
  ours.maxRss = process.resourceUsage().maxRSS * 1024;

  const result = summarize({ model, ours, peers, peaks, kernels });
  const settings = { model: name, backend, precision, threads };
  printEngines(`${name} model`, model, { ...result, peakBytes }, ours, peers);
  if (speedupOverF32 !== null) {
    const compared = TURNS * (STEPS_OF_TURN - 1);
    console.log(`  ${speedupOverF32.toFixed(2)} times as fast as f32 (medians of ${compared} steps each, in turns)`);
  }
  if (profile && kernels !== undefined) printProfile(kernels);
  if (peer === 'torch' && !withPeer) console.log('  no torch to compare with: set PYTHON to a Python that has it');
  const engines = [ours, ...peers.flatMap(measuredOf)].map((engine) => ({ name: engine.name, series: engine.series }));
  return {
    ...settings,
    ...result,
    speedupOverF32,
    peakBytes,
    maxRss: ours.maxRss,
    profile: kernels?.kernels ?? null,
    engines,
  };
}

/** How many times as fast as f32 bf16 is, measured in turns, so that whatever else the machine does meets both alike. */
async function compareWithF32(session: TrainSession, backend: BackendName, threads: number): Promise<number> {
  const times: Record<'f32' | 'bf16', number[]> = { f32: [], bf16: [] };
  for (let turn = 0; turn < TURNS; turn++) {
    for (const precision of ['f32', 'bf16'] as const) {
      await useBackend(backend, { precision, threads });
      const [, ...measured] = await session.series({ ...SERIES, steps: STEPS_OF_TURN });
      times[precision].push(...measured);
    }
  }
  return median(times.f32) / median(times.bf16);
}

async function kernelTimes(series: () => Promise<number[]>): Promise<KernelTimes> {
  startProfile();
  const times = await series();
  const kernels = takeProfile();
  const total = times.reduce((sum, time) => sum + time, 0);
  const inside = kernels.reduce((sum, { seconds }) => sum + seconds, 0);
  return { kernels, steps: times.length, stepSeconds: median(times), overhead: 1 - inside / total };
}
