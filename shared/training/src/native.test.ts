/** @file Training on the backend native: the same curve as the reference's, no leak, models that do not disturb each other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialWeights, tensorsOf } from '@arrowsmith/model';
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import { globalNorm } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { readBatch } from './data.ts';
import { batchGradients } from './gradients.ts';
import type { LogRow } from './log.ts';
import { train } from './loop.ts';
import { initialState, updateParameters } from './optimizer.ts';
import { config, tinyParameters, trainSplit, validationSplit } from './testing/tiny-run.ts';

/** The log of a run on the active backend. */
async function logOf(seed: number, steps: number, recomputeActivations = false): Promise<LogRow[]> {
  const checkpointDirectory = await mkdtemp(join(tmpdir(), 'native-training-'));
  try {
    const parameters = tinyParameters({ steps, seed, recomputeActivations });
    return (await train({ config, parameters, train: trainSplit, validation: validationSplit, checkpointDirectory }))
      .log;
  } finally {
    await rm(checkpointDirectory, { recursive: true });
  }
}

/** A model in training: `step` returns the loss. */
function startModel(seed: number) {
  const parameters = tinyParameters({ seed });
  const state = initialState(tensorsOf(initialWeights(config, seed)));
  let step = 0;
  return {
    async step(): Promise<number> {
      step++;
      const batch = await readBatch(trainSplit, [0, 1, 2, 3], config.vocabularySize);
      const { loss, gradients } = await batchGradients({
        config,
        parameters: state.parameters,
        batch,
        rows: 4,
        microBatches: 2,
      });
      const norm = globalNorm(Object.values(gradients));
      updateParameters(state, gradients, parameters.optimizer, { learningRate: 1e-2, gradientScale: 1, step });
      tf.dispose([gradients, norm]);
      return loss;
    },
    dispose: () => tf.dispose(state),
  };
}

describe.skipIf(resolveBackend('auto') !== 'native')('on the backend native', () => {
  test('the loss curve of 50 steps is that of the reference operations', async () => {
    const curves: Partial<Record<BackendName, LogRow[]>> = {};
    for (const backend of ['cpu', 'native'] as const) {
      await useBackend(backend);
      curves[backend] = await logOf(7, 50);
    }
    const numbersOf = (rows: LogRow[]) =>
      rows.flatMap(({ trainLoss, gradientNorm, validationLoss }) => [trainLoss, gradientNorm, validationLoss ?? 0]);
    const expected = numbersOf(curves.cpu!);
    const differences = numbersOf(curves.native!).map((x, i) => Math.abs(x - expected[i]!));
    expect(Math.max(...differences)).toBeLessThan(1e-4); // both compute in float32: roundings of 1e-7 grow in 50 steps
    expect(curves.native!.at(-1)!.trainLoss).toBeLessThan(curves.native![0]!.trainLoss - 1);
  });

  test('1, 2 and 5 threads, and recomputed activations, give the same log to the last bit', async () => {
    await useBackend('native', { threads: 1 });
    const expected = await logOf(3, 8);
    for (const threads of [2, 5]) {
      await useBackend('native', { threads });
      expect(await logOf(3, 8)).toEqual(expected);
    }
    expect(await logOf(3, 8, true)).toEqual(expected);
  });

  test('200 steps leave as many tensors and as much memory as a few', async () => {
    await useBackend('native');
    const model = startModel(1);
    const memory = () => {
      const { numTensors, numDataBuffers } = tf.memory();
      const { inUse, scratch } = tf.backend().memory() as unknown as { inUse: number; scratch: number };
      return { numTensors, numDataBuffers, inUse, scratch };
    };
    for (let step = 0; step < 5; step++) await model.step();
    const before = memory();
    for (let step = 0; step < 195; step++) await model.step();
    expect(memory()).toEqual(before);
    model.dispose();
  });

  test('two models in one process learn as each does alone', async () => {
    await useBackend('native');
    const alone: number[][] = [];
    for (const seed of [1, 2]) {
      const model = startModel(seed);
      alone.push([await model.step(), await model.step(), await model.step()]);
      model.dispose();
    }
    const models = [startModel(1), startModel(2)];
    const together: number[][] = [[], []];
    for (let step = 0; step < 3; step++) {
      for (const [i, model] of models.entries()) together[i]!.push(await model.step());
    }
    models.forEach((model) => model.dispose());
    expect(together).toEqual(alone);
  });
});
