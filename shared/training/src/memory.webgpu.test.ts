/** @file Memory told before a training on the backend webgpu, against what it takes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dryRun } from '@arrowsmith/backend';
import type { WebGpuBackend } from '@arrowsmith/backend-webgpu';
import { useBackend } from '@arrowsmith/engine';
import { type DecoderConfig, decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { globalNorm } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkMemory } from './check-memory.ts';
import { batchGradients } from './gradients.ts';
import { train } from './loop.ts';
import { estimateMemory } from './memory.ts';
import { initialState, updateParameters } from './optimizer.ts';
import { trainingParameters } from './parameters.ts';
import { config as tiny, tinyParameters, trainSplit, validationSplit } from './testing/tiny-run.ts';

const configOf = (model: object): DecoderConfig =>
  decoderConfig(modelParameters.parse({ hiddenSize: 32, layers: 2, ...model }), {
    vocabularySize: 128,
    contextLength: 16,
  });

const backend = (): WebGpuBackend => tf.backend() as WebGpuBackend;

/** The losses of two steps of training. */
async function trainTwoSteps(
  config: DecoderConfig,
  {
    batchSize,
    gradientAccumulation,
    recomputeActivations,
  }: { batchSize: number; gradientAccumulation: number; recomputeActivations: boolean },
): Promise<number[]> {
  const { optimizer } = trainingParameters.parse({ steps: 10 });
  const state = initialState(tensorsOf(initialWeights(config, 1)));
  const ids = Int32Array.from(
    { length: batchSize * config.contextLength },
    (_, i) => (i * 7919) % config.vocabularySize,
  );
  const losses: number[] = [];
  for (let step = 1; step <= 2; step++) {
    const { gradients, loss } = await batchGradients({
      config,
      parameters: state.parameters,
      batch: { inputs: ids, targets: ids },
      rows: batchSize,
      microBatches: gradientAccumulation,
      recomputeActivations,
    });
    losses.push(loss);
    const norm = globalNorm(Object.values(gradients));
    updateParameters(state, gradients, optimizer, { learningRate: 1e-3, gradientScale: 1, step });
    tf.dispose([gradients, norm]);
  }
  tf.dispose(state);
  return losses;
}

/** What it takes of a device that had given nothing. */
async function taken(work: () => Promise<unknown>): Promise<{ inUse: number; tensors: number }> {
  backend().releaseKept();
  backend().resetPeak();
  await work();
  const { mostInUse: inUse, mostAllocated: tensors } = backend().gpuMemory();
  return { inUse, tensors };
}

beforeAll(() => useBackend('webgpu'));

const plain = { batchSize: 4, gradientAccumulation: 1, recomputeActivations: false };
const sparing = { batchSize: 4, gradientAccumulation: 2, recomputeActivations: true };

describe.each(['llama3', 'qwen3-moe', 'gemma3n'])('of %s', (family) => {
  test('a dry run takes what a real one takes, to the byte, with recomputation and accumulation, too; these change no loss', async () => {
    const config = configOf({ family });
    const losses: number[][] = [];
    for (const training of [plain, sparing]) {
      const dry = await dryRun(async () => void (await trainTwoSteps(config, training)));
      const real = await taken(async () => losses.push(await trainTwoSteps(config, training)));
      expect({ inUse: dry.inUse, tensors: dry.tensors }).toEqual(real);
    }
    // In float32, in another order; of a mixture the balance of experts is that of a micro-batch.
    for (const [i, loss] of losses[0]!.entries())
      expect(losses[1]![i]).toBeCloseTo(loss, family === 'qwen3-moe' ? 2 : 5);
  });
});

test.each([{ steps: 6 }, { steps: 6, gradientAccumulation: 2, recomputeActivations: true }])(
  'a whole training takes what was told (%o)',
  async (overrides) => {
    const parameters = tinyParameters(overrides);
    const { total, before, heap } = await estimateMemory({ config: tiny, parameters });
    const { tensors } = await taken(async () => {
      const checkpointDirectory = await mkdtemp(join(tmpdir(), 'webgpu-memory-'));
      await train({ config: tiny, parameters, train: trainSplit, validation: validationSplit, checkpointDirectory });
      await rm(checkpointDirectory, { recursive: true });
    });
    // No more than was told, but for the losses, which are read, too; and all of that but 5 %.
    expect(tensors / (total - before - heap)).toBeLessThan(1.02);
    expect(tensors / (total - before - heap)).toBeGreaterThan(0.95);
  },
);

test('recomputation and accumulation take less, and what no buffer holds is refused before', async () => {
  const config = configOf({ layers: 6 });
  const activationsOf = async (training: object) =>
    (
      await estimateMemory({
        config,
        parameters: trainingParameters.parse({ steps: 10, batchSize: 16, ...training }),
        before: 0,
      })
    ).activations;
  const all = await activationsOf({});
  expect(await activationsOf({ gradientAccumulation: 4 })).toBeLessThan(0.5 * all);
  expect(await activationsOf({ recomputeActivations: true })).toBeLessThan(0.6 * all);
  const rows = backend().largestTensor / (4 * 32 * config.contextLength) + 1;
  await expect(activationsOf({ batchSize: rows })).rejects.toThrow(/a tensor is too large[^]*--train.batchSize/);
  const wide = { ...config, vocabularySize: backend().largestTensor / (4 * 32) + 1 };
  const parameters = trainingParameters.parse({ steps: 10 });
  await expect(estimateMemory({ config: wide, parameters })).rejects.toThrow(
    /embed_tokens.weight is too large[^]*vocabularySize/,
  );
});

test('what a device holds is found by asking for it', async () => {
  expect(await backend().holds(2 ** 20)).toBe(true);
  expect(await backend().holds(2 ** 50)).toBe(false);
  expect(await backend().holds(2 ** 20)).toBe(true);
});

test('a training that does not fit is refused with the name of the graphics processor', async () => {
  const config = configOf({});
  const parameters = trainingParameters.parse({ steps: 10, batchSize: 4 });
  const estimate = await estimateMemory({ config, parameters });
  await checkMemory({ config, parameters }, estimate);
  const graphics = { name: 'a card', isShared: false, most: undefined, has: () => Promise.resolve(false) };
  await expect(checkMemory({ config, parameters }, estimate, { graphics })).rejects.toThrow(
    /memory of the graphics processor a card/,
  );
});
