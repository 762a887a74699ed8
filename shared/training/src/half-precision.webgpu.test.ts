/** @file Training with products of numbers of 16 bits, on the backend webgpu: by their numbers in 32 bits where shaders have no others. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { passRepeater } from '@arrowsmith/backend';
import { startWebGpuBackend } from '@arrowsmith/backend-webgpu';
import { useBackend } from '@arrowsmith/engine';
import { initialWeights, tensorsOf, weightsOf } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { train, trainStep } from './loop.ts';
import type { LogRow } from './log.ts';
import { initialState } from './optimizer.ts';
import { completeParameters } from './schedule.ts';
import { config, tinyParameters, trainSplit, validationSplit } from './testing/tiny-run.ts';

beforeAll(() => useBackend('webgpu'));
afterAll(() => startWebGpuBackend());

const half = () => startWebGpuBackend({ precision: 'f16', emulates: true });

async function logOf(steps: number, method: 'adamw' | 'muon'): Promise<LogRow[]> {
  const checkpointDirectory = await mkdtemp(join(tmpdir(), 'half-'));
  const parameters = tinyParameters({ steps, optimizer: { learningRate: 1e-2, method } });
  const run = { config, parameters, train: trainSplit, validation: validationSplit, checkpointDirectory };
  try {
    return (await train(run)).log;
  } finally {
    await rm(checkpointDirectory, { recursive: true });
  }
}

test.each(['adamw', 'muon'] as const)('the loss by %s is nearly that of float32', async (method) => {
  await startWebGpuBackend();
  const exact = await logOf(25, method);
  await half();
  const log = await logOf(25, method);
  expect(log.map(({ lossScale }) => lossScale)).toEqual(exact.map(() => 2 ** 16));
  expect(log.some(({ isSkipped }) => isSkipped)).toBe(false);
  expect(exact.some(({ lossScale }) => lossScale !== undefined)).toBe(false);
  expect(exact.at(-1)!.trainLoss).toBeLessThan(0.8 * exact[0]!.trainLoss);
  // 11 bits of factors, by tens of products one after the other.
  for (const [i, { trainLoss }] of log.entries()) {
    expect(Math.abs(trainLoss / exact[i]!.trainLoss - 1)).toBeLessThan(0.01);
    expect(trainLoss).not.toBe(exact[i]!.trainLoss);
  }
});

/** Gradients overflow at first, and again each time that the scale has doubled till there. */
const RULE = { initial: 2 ** 24, doublesAfter: 3, least: 1 };

test('a step that overflows changes nothing and halves the scale, which doubles after steps that do not', async () => {
  await half();
  const state = initialState(tensorsOf(initialWeights(config, 1)));
  const parameters = completeParameters(tinyParameters({ steps: 20 }), config);
  const passes = passRepeater();
  const log: LogRow[] = [];
  const weights = [await weightsOf(state.parameters)];
  for (let step = 0; step < 20; step++) {
    const indices = [0, 1, 2, 3].map((row) => (row + step) % 11);
    const options = { config, parameters, train: trainSplit };
    log.push(await trainStep(options, state, log, indices, { passes, lossScaleRule: RULE }));
    weights.push(await weightsOf(state.parameters));
  }
  tf.dispose(state);
  const skipped = log.map(({ isSkipped }) => isSkipped === true);
  expect(skipped[0]).toBe(true);
  expect(skipped.filter((each) => !each).length).toBeGreaterThan(8);
  expect(skipped.lastIndexOf(true)).toBeGreaterThan(skipped.indexOf(false)); // again, after it has doubled
  const isUnchanged = weights.slice(1).map((each, i) => isDeepStrictEqual(each, weights[i]));
  expect(isUnchanged).toEqual(skipped);
  expect(log.map(({ gradientNorm }) => gradientNorm === Infinity)).toEqual(skipped);
  let [scale, good] = [RULE.initial, 0];
  for (const [i, row] of log.entries()) {
    expect(row.lossScale).toBe(scale);
    good = skipped[i] ? 0 : good + 1;
    if (skipped[i]) scale /= 2;
    if (good !== RULE.doublesAfter) continue;
    [scale, good] = [Math.min(2 ** 24, 2 * scale), 0];
  }
  expect((passes as Partial<{ repeated: number }>).repeated).toBeGreaterThan(20); // whose scale is another each time
});

test('a run that was interrupted goes on with the same scale, and gives the same bits', async () => {
  await half();
  const checkpointDirectory = await mkdtemp(join(tmpdir(), 'half-'));
  const start = (options: Partial<Parameters<typeof train>[0]>) =>
    train({
      config,
      parameters: tinyParameters({ steps: 14 }),
      train: trainSplit,
      validation: validationSplit,
      checkpointDirectory,
      lossScaleRule: RULE,
      ...options,
    });
  const expected = await start({});
  await rm(checkpointDirectory, { recursive: true });
  expect(expected.log.filter(({ isSkipped }) => isSkipped).length).toBeGreaterThan(1);
  for (const last of [3, 9]) {
    const controller = new AbortController();
    const onStep = ({ step }: LogRow) => void (step === last && controller.abort(new Error('enough')));
    await expect(start({ signal: controller.signal, onStep })).rejects.toThrow(`after step ${last}`);
  }
  await startWebGpuBackend();
  await expect(start({})).rejects.toThrow(/belongs to another training run[^]*precision/);
  await half();
  expect(await start({})).toEqual(expected);
  await rm(checkpointDirectory, { recursive: true });
});

test('a validation whose factors are too large for 16 bits is told', async () => {
  const noticesOf = async (factor: number): Promise<string[]> => {
    const checkpointDirectory = await mkdtemp(join(tmpdir(), 'half-'));
    const weights = initialWeights(config, 1);
    for (const { data } of Object.values(weights)) for (let i = 0; i < data.length; i++) data[i]! *= factor;
    const notices: string[] = [];
    const onNotice = (notice: string) => void notices.push(notice);
    const splits = { train: trainSplit, validation: validationSplit };
    await train({
      config,
      parameters: tinyParameters({ steps: 1 }),
      weights,
      ...splits,
      checkpointDirectory,
      onNotice,
    });
    await rm(checkpointDirectory, { recursive: true });
    return notices;
  };
  await half();
  expect(await noticesOf(1)).toEqual([]);
  expect(await noticesOf(1e6)).toEqual([expect.stringContaining('validation after step 1 is off')]);
});

test('where nothing helps, training has diverged', async () => {
  await half();
  const large = initialWeights(config, 1);
  for (const { data } of Object.values(large)) data.fill(1e5);
  const state = initialState(tensorsOf(large));
  const parameters = completeParameters(tinyParameters({ steps: 20, batchSize: 2 }), config);
  const step = (log: LogRow[]) =>
    trainStep({ config, parameters, train: trainSplit }, state, log, [0, 1], {
      lossScaleRule: { ...RULE, initial: 2 },
    });
  const rows: LogRow[] = [];
  rows.push(await step(rows));
  expect(rows[0]).toMatchObject({ isSkipped: true, lossScale: 2 });
  await expect(step(rows)).rejects.toThrow(/diverged[^]*gradient norm Infinity/);
  tf.dispose(state);
});
