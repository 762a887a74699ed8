/**
 * @file Benchmark: the kernels of a training step on two builds, which one process loads and runs step by step in turns. On a machine whose
 * speed changes from minute to minute, runs one after the other tell 5 % apart at best, turns 1 %.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { type NativeBackend, startProfile, takeProfile } from '@arrowsmith/backend-native';
import { nativeBuild } from '@arrowsmith/backend-native/build';
import { UserError } from '@arrowsmith/errors';
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { benchModels } from './models.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';
import { trainSession } from './train-session.ts';

export const description =
  'kernels of a training step on two builds in turns: --against=another arrowsmith.node [--model=1M|7M|15M|30M] [--precision=f32|bf16] [--threads=all] [--rounds=20]';

export const options = z.strictObject({
  against: z.string(),
  model: z.enum(['1M', '7M', '15M', '30M']).default('7M'),
  precision: z.enum(['f32', 'bf16']).default('f32'),
  threads: threadsOption,
  rounds: z.coerce.number().int().min(1).default(20),
});

type Addon = NativeBackend['addon'];

const WARM_UP_STEPS = 2;
const WHOLE_STEP = 'the step';
/** Shorter kernels are not listed, in milliseconds of a step. */
const LEAST_MILLISECONDS = 1;

/** Steps on either build, and what each kernel took. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { against, model, precision, threads, rounds } = parseOptions(args, options);
  const ours = nativeBuild();
  if (!ours.available)
    throw new UserError({ what: `the native backend is not available: ${ours.reason}`, fix: ours.fix });
  const addons = [ours.path, resolve(against)].map((path) => load(path, threads));
  await useBackend('native', { precision, threads });
  const session = trainSession(benchModels[model]);
  const stepOn = async (addon: Addon): Promise<Map<string, number>> => {
    (tf.backend() as unknown as { addon: Addon }).addon = addon;
    startProfile();
    const [seconds] = await session.series({ steps: 1, seconds: 0, leastSteps: 1 });
    return new Map([[WHOLE_STEP, seconds!], ...takeProfile().map((each) => [each.kernel, each.seconds] as const)]);
  };
  for (let i = 0; i < WARM_UP_STEPS; i++) for (const addon of addons) await stepOn(addon);

  const turns: Map<string, number>[][] = [];
  for (let round = 0; round < rounds; round++) {
    const turn: Map<string, number>[] = [];
    // Whoever begins has the other one's cache.
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) turn[which] = await stepOn(addons[which]!);
    turns.push(turn);
  }
  session.dispose();

  const rows = [...turns[0]![0]!.keys()]
    .map((kernel) => {
      const [own, other] = [0, 1].map((which) => turns.map((turn) => 1000 * turn[which]!.get(kernel)!));
      return { kernel, ours: median(own!), peer: median(other!), ratio: median(own!.map((ms, i) => other![i]! / ms)) };
    })
    .filter(({ peer }) => peer >= LEAST_MILLISECONDS);
  console.log(`a step of the ${model} model, ${precision}, ${threads} threads; medians of ${rounds} turns`);
  printTable(
    ['kernel', 'this build, ms', 'the other', 'times as fast'],
    rows.map((row) => [row.kernel, fixed(row.ours, 2), fixed(row.peer, 2), fixed(row.ratio, 3)]),
  );
  return {
    model,
    precision,
    threads,
    unit: 'ms/step',
    ...rows.find(({ kernel }) => kernel === WHOLE_STEP),
    kernels: rows,
  };
}

function load(path: string, threads: number): Addon {
  if (!existsSync(path)) {
    throw new UserError({
      what: 'there is no such build of the kernels',
      where: path,
      fix: 'name the arrowsmith.node of another checkout: shared/backend-native/build/<instruction set>/arrowsmith.node after its npm ci',
    });
  }
  const addon = createRequire(import.meta.url)(path) as Addon;
  addon.setThreads(threads);
  return addon;
}
