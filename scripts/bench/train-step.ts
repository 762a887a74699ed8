/** @file Benchmark: a training step (forward, backward, clipping, AdamW), compared with PyTorch where it is installed. */
import { type NativeBackend, startProfile, takeProfile } from '@arrowsmith/backend-native';
import { UserError } from '@arrowsmith/errors';
import { type BackendName, useBackend } from '@arrowsmith/engine';
import { engineNotices, resolveEngine } from '@arrowsmith/engine/resolve';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { $ } from 'zx';
import { writeBenchTable } from './bench-table.ts';
import { gemmPeak, type GemmRates } from './gemm-peak.ts';
import { type BenchModel, benchModels } from './models.ts';
import { parseOptions, threadsOption } from './options.ts';
import { median } from './statistics.ts';
import { hasTorch, TorchFailure, TorchSession } from './torch-peer.ts';
import { type SeriesLength, type TrainSession, trainSession } from './train-session.ts';
import {
  type KernelTimes,
  type Measured,
  printEngines,
  printProfile,
  stepRows,
  summarize,
  type Unavailable,
} from './train-step-report.ts';

const modelNames = ['1M', '7M', '15M', '30M'] as const;

export const options = z.strictObject({
  model: z.enum([...modelNames, 'all']).default('7M'),
  precision: z.enum(['f32', 'bf16']).default('f32'),
  peer: z.enum(['torch', 'none']).default('torch'),
  threads: threadsOption,
  turns: z.coerce.number().int().min(1).default(5),
  steps: z.coerce.number().int().min(1).optional(),
  profile: z.boolean().default(false),
});

type Options = z.output<typeof options>;

export const description = `training step, tokens/s, against PyTorch: [--model=${modelNames.join('|')}|all] [--precision=f32|bf16] \
[--peer=torch|none] [--threads=all] [--turns=5] [--steps=of each turn, as many as 2 s take] [--profile]`;

const WARM_UP_STEPS = 2;
/** Of each turn, unless there is a number of steps. */
const TURN: SeriesLength = { seconds: 2, leastSteps: 2 };
const PROFILED: SeriesLength = { seconds: 3, leastSteps: 3 };
const PEAK_SECONDS = 0.75;
/** Of each turn in which bf16 is compared with f32. */
const COMPARED_STEPS = 3;

/**
 * Measures the GEMM peak, our steps and the peers' in turns, so that whatever else the machine does meets all alike. With
 * `--model=all` each model is measured by a process of its own, so that each peak of memory is its own.
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
  const { stdout } = await $({ quiet: true, env })`${process.execPath} ${command}`;
  const lines = stdout.trimEnd().split('\n');
  console.log(lines.slice(0, -1).join('\n') + '\n');
  return JSON.parse(lines.at(-1)!) as Result;
}

async function measure({
  model: name,
  precision,
  peer,
  threads,
  turns,
  steps,
  profile,
}: Options & { model: (typeof modelNames)[number] }) {
  const model = benchModels[name];
  const length = { ...TURN, ...(steps !== undefined && { steps }) };
  const { backend, precision: possible } = resolveEngine({ precision });
  if (possible !== precision) {
    throw new UserError({
      what: `the precision ${precision} is not available`,
      found: engineNotices({ precision }).join('; '),
      fix: '--precision=f32',
    });
  }
  await useBackend(backend, { precision, threads });

  const withPeer = peer === 'torch' && (await hasTorch());
  const { sessions, unavailable } = withPeer
    ? await torchSessions(model, { precision, threads })
    : { sessions: [], unavailable: [] };
  const session = trainSession(model);
  await session.series({ ...length, steps: WARM_UP_STEPS });
  const ours: Measured = { name: `arrowsmith ${backend} ${precision}`, turns: [], maxRss: 0 };
  const peers = sessions.map(({ name: peerName }): Measured => ({ name: peerName, turns: [], maxRss: 0 }));
  const peaks: GemmRates[] = [];
  try {
    for (let turn = 0; turn < turns; turn++) {
      peaks.push(await gemmPeak(threads, PEAK_SECONDS));
      ours.turns.push(await countedSteps(session, length));
      for (const [i, torch] of sessions.entries()) peers[i]!.turns.push(await countedSteps(torch, length));
    }
    for (const [i, torch] of sessions.entries()) peers[i]!.maxRss = await torch.close();
  } finally {
    for (const torch of sessions) torch.stop();
  }
  const speedupOverF32 = precision === 'bf16' ? await compareWithF32(session, backend, threads, turns) : null;
  const kernels = backend === 'native' ? await kernelTimes(() => session.series({ ...PROFILED, steps })) : undefined;
  const peakBytes = backend === 'native' ? (tf.backend() as unknown as NativeBackend).nativeMemory().peak : null;
  session.dispose();
  ours.maxRss = process.resourceUsage().maxRSS * 1024;

  const result = summarize({ model, ours, peers, peaks, kernels });
  printEngines(`${name} model`, model, { ...result, peakBytes }, ours, peers, unavailable);
  if (speedupOverF32 !== null) {
    const compared = turns * COMPARED_STEPS;
    console.log(`  ${speedupOverF32.toFixed(2)} times as fast as f32 (medians of ${compared} steps each, in turns)`);
  }
  if (profile && kernels !== undefined) printProfile(kernels);
  if (peer === 'torch' && !withPeer) console.log('  no torch to compare with: set PYTHON to a Python that has it');
  return {
    model: name,
    backend,
    precision,
    threads,
    ...result,
    speedupOverF32,
    peakBytes,
    maxRss: ours.maxRss,
    profile: kernels?.kernels ?? null,
    engines: [ours, ...peers],
  };
}

/** PyTorch in the ways in which it runs here. */
async function torchSessions(
  model: BenchModel,
  settings: Pick<Options, 'precision' | 'threads'>,
): Promise<{ sessions: TorchSession[]; unavailable: Unavailable[] }> {
  const sessions: TorchSession[] = [];
  const unavailable: Unavailable[] = [];
  for (const compile of [false, true]) {
    try {
      sessions.push(await TorchSession.start(model, { ...settings, compile }));
    } catch (error) {
      if (!(error instanceof TorchFailure)) throw error;
      unavailable.push({ name: `torch ${compile ? 'compiled' : 'eager'}`, reason: error.reason });
    }
  }
  return { sessions, unavailable };
}

/** The steps of a turn but the first, which finds the caches full of what is another's, and another's threads perhaps still awake. */
async function countedSteps(session: Pick<TrainSession, 'series'>, length: SeriesLength): Promise<number[]> {
  await session.series({ ...length, steps: 1 });
  return session.series(length);
}

/** How many times as fast as f32 bf16 is. */
async function compareWithF32(
  session: TrainSession,
  backend: BackendName,
  threads: number,
  turns: number,
): Promise<number> {
  const times: Record<'f32' | 'bf16', number[]> = { f32: [], bf16: [] };
  for (let turn = 0; turn < turns; turn++) {
    for (const precision of ['f32', 'bf16'] as const) {
      await useBackend(backend, { precision, threads });
      times[precision].push(...(await countedSteps(session, { ...TURN, steps: COMPARED_STEPS })));
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
