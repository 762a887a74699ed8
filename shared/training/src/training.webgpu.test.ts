/** @file Training on the backend webgpu: the reference's curve, memory that does not grow, checkpoints that go from backend to backend, a device that is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackendName, useBackend } from '@arrowsmith/engine';
import type { WebGpuBackend } from '@arrowsmith/backend-webgpu';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { train, trainStep, type TrainOptions } from './loop.ts';
import type { LogRow } from './log.ts';
import { initialState } from './optimizer.ts';
import { completeParameters } from './schedule.ts';
import { config, tinyParameters, trainSplit, validationSplit } from './testing/tiny-run.ts';

let checkpointDirectory: string;
beforeEach(async () => void (checkpointDirectory = await mkdtemp(join(tmpdir(), 'webgpu-training-'))));
afterEach(() => rm(checkpointDirectory, { recursive: true, force: true }));

const start = (overrides: Parameters<typeof tinyParameters>[0], options: Partial<TrainOptions> = {}) =>
  train({
    config,
    parameters: tinyParameters(overrides),
    train: trainSplit,
    validation: validationSplit,
    checkpointDirectory,
    ...options,
  });

const numbersOf = (log: readonly LogRow[]): number[] =>
  log.flatMap(({ trainLoss, gradientNorm, validationLoss }) => [trainLoss, gradientNorm, validationLoss ?? 0]);

/** Float32 in another order of terms; roundings of 1e-7 grow over the steps. */
function expectClose(found: readonly LogRow[], expected: readonly LogRow[]): void {
  const numbers = numbersOf(expected);
  expect(found.length).toBe(expected.length);
  for (const [i, number] of numbersOf(found).entries()) expect(Math.abs(number - numbers[i]!)).toBeLessThan(1e-4);
}

async function logOn(backend: BackendName, overrides: Parameters<typeof tinyParameters>[0]): Promise<LogRow[]> {
  await useBackend(backend);
  const { log } = await start(overrides);
  await rm(checkpointDirectory, { recursive: true });
  return log;
}

test('the loss curve is that of the reference operations, with recomputed activations and accumulated gradients, too', async () => {
  const expected = await logOn('cpu', { steps: 12 });
  expectClose(await logOn('webgpu', { steps: 12 }), expected);
  // To the bits of the matrices, but for numbers half way between two.
  const quantization = { format: 'int8', from: 0.5 };
  expectClose(await logOn('webgpu', { steps: 12, quantization }), await logOn('cpu', { steps: 12, quantization }));
  expectClose(await logOn('webgpu', { steps: 12, recomputeActivations: true, gradientAccumulation: 2 }), expected);
});

/** Of all operations that Gemma 3n alone has. */
const gemma3n = decoderConfig(
  modelParameters.parse({ family: 'gemma3n', hiddenSize: 16, layers: 3, heads: 4, kvHeads: 2, intermediateSize: 24 }),
  { vocabularySize: config.vocabularySize, contextLength: config.contextLength },
);

test.each([
  ['llama3', 100, config],
  ['gemma3n', 12, gemma3n],
])('%s: after the first steps, %i of them make no buffer', async (_family, steps, model) => {
  await useBackend('webgpu');
  const backend = tf.backend() as WebGpuBackend;
  const state = initialState(tensorsOf(initialWeights(model, 1)));
  const log: LogRow[] = [];
  const parameters = completeParameters(tinyParameters({ steps: steps + 10 }), model);
  const memory: object[] = [];
  for (let step = 0; step < steps + 3; step++) {
    log.push(await trainStep({ config: model, parameters, train: trainSplit }, state, log, [0, 1, 2, 3]));
    memory.push({ ...backend.gpuMemory(), tensors: tf.memory().numTensors });
  }
  tf.dispose(state);
  expect(new Set(memory.slice(2).map((each) => JSON.stringify(each))).size).toBe(1);
});

describe('a run that was interrupted', () => {
  test.each<[BackendName, BackendName]>([
    ['webgpu', 'cpu'],
    ['cpu', 'webgpu'],
  ])('on %s goes on on %s', async (first, second) => {
    const expected = await logOn('cpu', { steps: 12 });
    await useBackend(first);
    const controller = new AbortController();
    const onStep = ({ step }: LogRow) => {
      if (step === 7) controller.abort(new Error('enough'));
    };
    await expect(start({ steps: 12 }, { signal: controller.signal, onStep })).rejects.toThrow('after step 7');
    await useBackend(second);
    const resumed: string[] = [];
    const options = { fromAnyBackend: true, onNotice: (line: string) => resumed.push(line) };
    const { log } = await start({ steps: 12 }, options);
    expect(resumed).toEqual([expect.stringMatching(/^resuming after step 7/)]);
    expectClose(log, expected);
  });
});

test('a device that is lost is an error that says what to do, and the run goes on from its checkpoint', async () => {
  const expected = await logOn('cpu', { steps: 12 });
  await useBackend('webgpu');
  const lose = ({ step }: LogRow) => {
    if (step === 6) (tf.backend() as WebGpuBackend).device.destroy();
  };
  const everyStep = { steps: 12, checkpoint: { everySeconds: 1e-6 } };
  await expect(start(everyStep, { onStep: lose })).rejects.toThrow(/was lost[^]*goes on from the last checkpoint/);
  await useBackend('cpu');
  const resumed: string[] = [];
  const { log } = await start(everyStep, { fromAnyBackend: true, onNotice: (line) => resumed.push(line) });
  expect(resumed).toEqual([expect.stringMatching(/^resuming after step [56]/)]);
  expectClose(log, expected);
});
