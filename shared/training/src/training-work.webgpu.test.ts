/** @file The number of kernels by which `auto` chooses a backend, against those that a step runs: counted on a device that computes nothing. */
import { dryRun, lastingZeros } from '@arrowsmith/backend';
import type { WebGpuBackend } from '@arrowsmith/backend-webgpu';
import { useBackend } from '@arrowsmith/engine';
import {
  adapterConfig,
  decoderConfig,
  type DecoderConfig,
  families,
  freezeParameters,
  initialWeights,
  modelParameters,
  type Parameters,
  parameterShapes,
  storableParameters,
  tensorsOf,
} from '@arrowsmith/model';
import { adaptingWork, evaluationWork } from '@arrowsmith/model/pass-work';
import { trainingWork } from '@arrowsmith/model/training-work';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import { splitLoss } from './evaluate.ts';
import { trainStep } from './loop.ts';
import { initialState, muonNames } from './optimizer.ts';
import { completeParameters } from './schedule.ts';
import { someAdapters } from './testing/some-adapters.ts';
import { contextLength, tinyParameters, trainSplit } from './testing/tiny-run.ts';

beforeAll(() => useBackend('webgpu'));

const vocabularySize = 23;
const BATCH = [0, 1, 2, 3];

const configOf = (ofModel: object) => {
  const sizes = { hiddenSize: 32, layers: 8, heads: 4, kvHeads: 2, intermediateSize: 32 };
  const model = modelParameters.parse({ ...sizes, ...ofModel });
  return { model, config: decoderConfig(model, { vocabularySize, contextLength }) };
};

/** Kernels that a computation runs. @param prepare makes what it needs, and returns it */
async function countKernels(prepare: () => () => Promise<unknown>): Promise<number> {
  const { prototype } = (tf.backend() as WebGpuBackend).constructor as { prototype: WebGpuBackend };
  const spies = [vi.spyOn(prototype, 'run'), vi.spyOn(prototype, 'runWebGPUProgram')];
  try {
    await dryRun(async () => {
      const compute = prepare();
      spies.forEach((each) => each.mockClear());
      await compute();
    });
    return spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  } finally {
    vi.restoreAllMocks();
  }
}

/** Of a step of training. */
async function kernelsOfStep(ofModel: object, method: 'adamw' | 'muon' = 'adamw') {
  const { model, config } = configOf(ofModel);
  const parameters = completeParameters(tinyParameters({ steps: 1, optimizer: { method } }), config);
  const counted = await countKernels(() => {
    const state = initialState(tensorsOf(initialWeights(config, 1)), muonNames({ method }, config));
    return () => trainStep({ config, parameters, train: trainSplit }, state, [], BATCH);
  });
  const data = { contextLength, vocabularySize };
  const asked = { model, batchSize: BATCH.length, gradientAccumulation: 1, optimizer: { method } };
  return { counted, told: trainingWork(asked, data).kernels };
}

/** Of the pass of a batch that is evaluated. */
async function kernelsOfEvaluation(ofModel: object) {
  const { config } = configOf(ofModel);
  const counted = await countKernels(() => {
    const parameters = tensorsOf(initialWeights(config, 1));
    return () => splitLoss({ config, parameters, rows: trainSplit, indices: BATCH, batchSize: BATCH.length });
  });
  return { counted, told: evaluationWork(config, { batchSize: BATCH.length, batches: 1, written: 0 }).calls };
}

/** A model that does not learn, of zeros. */
function frozenModel(config: DecoderConfig): Parameters {
  const storable = storableParameters(config);
  const weights = parameterShapes(config).map(({ name, shape }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const words = () => ({ format: 'f32', shape, words: lastingZeros([size], 'int32') });
    return [name, storable.has(name) ? words() : tf.zeros([...shape])] as const;
  });
  return freezeParameters(config, Object.fromEntries(weights));
}

/** Of a step in which adapters learn. */
async function kernelsOfAdapting(ofModel: object, projections: 'all' | string[]) {
  const { config } = configOf(ofModel);
  const parameters = completeParameters(tinyParameters({ steps: 1, optimizer: { method: 'adamw' } }), config);
  const adapters = adapterConfig(config, { rank: 2, alpha: 3, projections }, 'adapt');
  const counted = await countKernels(() => {
    const adapt = { adapters, base: frozenModel(config), digest: '' };
    const state = initialState(tensorsOf(someAdapters(config, adapters)), muonNames({ method: 'adamw' }, config, []));
    return () => trainStep({ config, parameters, train: trainSplit, adapt }, state, [], BATCH);
  });
  const asked = { rank: 2, projections, batchSize: BATCH.length, gradientAccumulation: 1 };
  return { counted, told: adaptingWork(config, asked).kernels };
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
  const { counted, told } = await kernelsOfStep(model);
  expect(counted).toBeGreaterThan(300);
  expect(Math.abs(told / counted - 1), `${told} of ${counted}`).toBeLessThan(0.1);
});

test.each(['llama3', 'gemma3n', 'qwen3-moe'])('so has one of %s by Muon', async (family) => {
  const { counted, told } = await kernelsOfStep({ family }, 'muon');
  expect(Math.abs(told / counted - 1), `${told} of ${counted}`).toBeLessThan(0.1);
});

test.each(models)(
  'a pass that evaluates 8 layers of %j has as many kernels as told, but for a tenth',
  async (model) => {
    const { counted, told } = await kernelsOfEvaluation(model);
    expect(counted).toBeGreaterThan(90);
    expect(Math.abs(told / counted - 1), `${told} of ${counted}`).toBeLessThan(0.1);
  },
);

const notNested = models.filter((model) => !('family' in model && model.family === 'gemma3n'));

test.each(notNested)(
  'a step that trains adapters of %j has as many kernels as told, but for a tenth',
  async (model) => {
    const { counted, told } = await kernelsOfAdapting(model, 'all');
    expect(Math.abs(told / counted - 1), `${told} of ${counted}`).toBeLessThan(0.1);
  },
);

test.each([[['q_proj']], [['q_proj', 'v_proj']], [['down_proj']]])('so has one with adapters of %j', async (names) => {
  const { counted, told } = await kernelsOfAdapting({}, names);
  expect(Math.abs(told / counted - 1), `${told} of ${counted}`).toBeLessThan(0.1);
});
