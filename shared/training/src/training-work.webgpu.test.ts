/** @file The number of kernels by which `auto` chooses a backend, against those that a step runs: counted on a device that computes nothing. */
import { dryRun } from '@arrowsmith/backend';
import type { WebGpuBackend } from '@arrowsmith/backend-webgpu';
import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, families, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { trainingWork } from '@arrowsmith/model/training-work';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import { trainStep } from './loop.ts';
import { initialState, muonNames } from './optimizer.ts';
import { completeParameters } from './schedule.ts';
import { contextLength, tinyParameters, trainSplit } from './testing/tiny-run.ts';

beforeAll(() => useBackend('webgpu'));

const vocabularySize = 23;
const BATCH = [0, 1, 2, 3];

/** Of a step of training. */
async function countKernels(
  ofModel: object,
  method: 'adamw' | 'muon' = 'adamw',
): Promise<{ counted: number; told: number }> {
  const model = modelParameters.parse({
    hiddenSize: 32,
    layers: 8,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 32,
    ...ofModel,
  });
  const config = decoderConfig(model, { vocabularySize, contextLength });
  const parameters = completeParameters(tinyParameters({ steps: 1, optimizer: { method } }), config);
  const { prototype } = (tf.backend() as WebGpuBackend).constructor as { prototype: WebGpuBackend };
  const [own, ofTfjs] = [vi.spyOn(prototype, 'run'), vi.spyOn(prototype, 'runWebGPUProgram')];
  try {
    await dryRun(async () => {
      const state = initialState(tensorsOf(initialWeights(config, 1)), muonNames({ method }, config));
      [own, ofTfjs].forEach((each) => each.mockClear());
      await trainStep({ config, parameters, train: trainSplit }, state, [], BATCH);
    });
    const data = { contextLength, vocabularySize };
    const asked = { model, batchSize: BATCH.length, gradientAccumulation: 1, optimizer: { method } };
    const { kernels: told } = trainingWork(asked, data);
    return { counted: own.mock.calls.length + ofTfjs.mock.calls.length, told };
  } finally {
    vi.restoreAllMocks();
  }
}

const models: object[] = [
  ...Object.keys(families).map((family) => ({ family })),
  { norm: 'layer' },
  { parallelBlock: true },
  { postNorms: true },
  { attentionBias: true, ffnBias: true },
  { altUp: { inputs: 4, coefficientClip: 0.1 } },
  { laurelRank: 2 },
  { perLayerEmbeddingSize: 4 },
];

test.each(models)('a step of 8 layers of %j has as many kernels as told, but for a tenth', async (model) => {
  const { counted, told } = await countKernels(model);
  expect(counted).toBeGreaterThan(300);
  expect(Math.abs(told / counted - 1), `${told} of ${counted}`).toBeLessThan(0.1);
});

test.each(['llama3', 'gemma3n', 'qwen3-moe'])('so has one of %s by Muon', async (family) => {
  const { counted, told } = await countKernels({ family }, 'muon');
  expect(Math.abs(told / counted - 1), `${told} of ${counted}`).toBeLessThan(0.1);
});
