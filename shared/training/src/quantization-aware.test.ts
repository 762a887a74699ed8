import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@arrowsmith/engine';
import {
  decoderConfig,
  type DecoderConfig,
  initialWeights,
  modelParameters,
  tensorsOf,
  type Weights,
} from '@arrowsmith/model';
import { globalNorm } from '@arrowsmith/ops';
import { decodeStored, quantizeModel } from '@arrowsmith/quantization';
import { formatByName } from '@arrowsmith/quantization/format-rules';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBatch } from './data.ts';
import { splitLoss } from './evaluate.ts';
import { batchGradients } from './gradients.ts';
import { train, TrainingInterrupted, trainStep, type TrainOptions } from './loop.ts';
import { initialState, learningRateFactors, updateParameters } from './optimizer.ts';
import type { QuantizationParameters } from './parameters.ts';
import { completeParameters, learningRate } from './schedule.ts';
import { config as tiny, contextLength, tinyParameters, trainSplit, validationSplit } from './testing/tiny-run.ts';

let directory: string;
let count = 0;
beforeAll(async () => {
  await useBackend('wasm');
  directory = await mkdtemp(join(tmpdir(), 'quantization-aware-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** From the second half of a run on. */
const coarse: QuantizationParameters = { format: 'int2-g32', formats: { embeddings: 'Q4_0' }, from: 0.5 };

const wide = (model: object = {}): DecoderConfig =>
  decoderConfig(
    modelParameters.parse({
      hiddenSize: 32,
      layers: 2,
      heads: 2,
      kvHeads: 1,
      intermediateSize: 32,
      initializerRange: 0.2,
      ...model,
    }),
    { vocabularySize: tiny.vocabularySize, contextLength },
  );

function run(overrides: Partial<TrainOptions> = {}): TrainOptions {
  return {
    config: wide(),
    parameters: tinyParameters({ quantization: coarse }),
    train: trainSplit,
    validation: validationSplit,
    checkpointDirectory: join(directory, String(count++)),
    ...overrides,
  };
}

/** What the stage `quantize` makes of a model, read again. */
async function stored(
  config: DecoderConfig,
  weights: Weights,
  { format, formats = {} }: QuantizationParameters,
): Promise<Weights> {
  const running = quantizeModel({
    config,
    weights,
    formatOf: formatByName(config, format, formats),
    method: 'nearest',
  });
  let next = await running.next();
  while (next.done !== true) next = await running.next();
  const tensors = Object.entries(next.value.tensors);
  return Object.fromEntries(tensors.map(([name, of]) => [name, { shape: [...of.shape], data: decodeStored(of) }]));
}

/** The validation loss of a model, as training measures it. */
async function validationLoss(config: DecoderConfig, weights: Weights): Promise<number> {
  const parameters = tensorsOf(weights);
  const indices = [0, 1, 3]; // three of the split's five, evenly spread
  const { nats, tokens } = await splitLoss({ config, parameters, rows: validationSplit, indices, batchSize: 4 });
  tf.dispose(parameters);
  return nats / tokens;
}

const bytesOf = (weights: Weights) =>
  Object.entries(weights).map(([name, { data }]) => [name, Buffer.from(data.slice().buffer).toString('hex')]);

test('the weights take the gradient at their quantized values as it is', async () => {
  const config = wide();
  const parameters = completeParameters(tinyParameters({ quantization: { ...coarse, from: 0 } }), config);
  const weights = initialWeights(config, 1);
  const rows = [0, 1, 2, 3];

  const quantized = tensorsOf(await stored(config, weights, coarse));
  const batch = await readBatch(trainSplit, rows, config.vocabularySize);
  const { loss, gradients } = await batchGradients({ config, parameters: quantized, batch, rows: 4, microBatches: 1 });
  const norm = (await globalNorm(Object.values(gradients)).data())[0]!;
  const expected = initialState(tensorsOf(weights));
  updateParameters(expected, gradients, parameters.optimizer, {
    learningRate: learningRate(parameters, 1),
    learningRateFactors: learningRateFactors(config),
    gradientScale: Math.min(1, 1 / norm),
    step: 1,
  });

  const state = initialState(tensorsOf(weights));
  const before = tf.memory().numTensors;
  const row = await trainStep({ config, parameters, train: trainSplit }, state, [], rows);
  expect(tf.memory().numTensors).toBe(before);
  expect(row.trainLoss).toBe(loss);
  expect(row.gradientNorm).toBe(norm);
  for (const [name, tensor] of Object.entries(expected.parameters))
    expect(state.parameters[name]!.dataSync(), name).toEqual(tensor.dataSync());
  tf.dispose([state, expected, quantized, gradients]);
});

describe('a run', () => {
  let options: TrainOptions;
  let result: Awaited<ReturnType<typeof train>>;
  let plain: Awaited<ReturnType<typeof train>>;
  let tensorsBefore: number;
  beforeAll(async () => {
    options = run();
    tensorsBefore = tf.memory().numTensors;
    result = await train(options);
    plain = await train(run({ parameters: tinyParameters() }));
  });

  test('leaves no tensors behind', () => expect(tf.memory().numTensors).toBe(tensorsBefore));

  test('is that of a run without quantization until it begins, and another then', () => {
    // Half of 12 steps.
    expect(result.log.slice(0, 6)).toEqual(plain.log.slice(0, 6));
    expect(result.log[6]!.trainLoss).not.toBe(plain.log[6]!.trainLoss);
  });

  test('logs the validation loss of the model that quantize makes of its weights, which are float32', async () => {
    const { validationLoss: logged } = result.log.at(-1)!;
    expect(await validationLoss(options.config, await stored(options.config, result.weights, coarse))).toBe(logged);
    expect(await validationLoss(options.config, result.weights)).not.toBe(logged);
  });

  test.each([6, 9])('that is interrupted after step %d and resumed gives the same bytes', async (step) => {
    const controller = new AbortController();
    const again = run({
      signal: controller.signal,
      onStep: (row) => (row.step === step ? controller.abort() : undefined),
    });
    await expect(train(again)).rejects.toThrow(TrainingInterrupted);
    const resumed = await train({ ...again, signal: undefined });
    expect(resumed.log).toEqual(result.log);
    expect(bytesOf(resumed.weights)).toEqual(bytesOf(result.weights));
  });

  test('does not resume what was trained for another format', async () => {
    const other = { ...options, parameters: tinyParameters({ quantization: { format: 'int4-g32' } }) };
    await expect(train(other)).rejects.toThrow('parameters.quantization.format = "int4-g32"');
  });

  test('shows the model as it computes: quantized once that has begun', async () => {
    const distinct: number[] = [];
    const name = 'model.layers.0.mlp.up_proj.weight';
    const call: NonNullable<TrainOptions['onPause']>['call'] = async (parameters) =>
      void distinct.push(new Set((parameters[name] as tf.Tensor).dataSync().subarray(0, 32)).size);
    await train(run({ onPause: { seconds: 0, call } }));
    expect(distinct.slice(0, 6).every((values) => values > 4)).toBe(true);
    expect(distinct.slice(6).every((values) => values <= 4)).toBe(true); // of 2 bits
  });
});

test('a model loses less in few bits than one that did not learn for them', async () => {
  const config = wide();
  const learning = { steps: 60, optimizer: { learningRate: 0.02 }, validation: { every: 1000, rows: 3 } };
  const lossInFewBits = async (quantization?: QuantizationParameters) => {
    const { weights } = await train(run({ config, parameters: tinyParameters({ ...learning, quantization }) }));
    return validationLoss(config, await stored(config, weights, coarse));
  };
  expect(await lossInFewBits(coarse)).toBeLessThan(0.9 * (await lossInFewBits()));
});

const trained = tinyParameters({ steps: 2, quantization: { ...coarse, from: 0 } });

test.each<[string, object]>([
  ['with tied embeddings', { tieWordEmbeddings: true }],
  ['with an output layer of its own', { tieWordEmbeddings: false }],
  ['of experts', { moe: { experts: 4, topK: 2, intermediateSize: 32 } }],
  ['of the family gemma3n', { family: 'gemma3n' }],
  ['nested in another', { matformer: { granularities: 2, training: 'joint' } }],
])('a model %s is validated as it will be stored', async (_, model) => {
  const config = wide(model);
  const { weights, log } = await train(run({ config, parameters: trained }));
  expect(await validationLoss(config, await stored(config, weights, coarse))).toBe(log.at(-1)!.validationLoss);
  expect(await validationLoss(config, weights)).not.toBe(log.at(-1)!.validationLoss);
});

test.each([{ recomputeActivations: true }, { gradientAccumulation: 2 }])(
  '%j changes rounding at most',
  async (option) => {
    const losses = async (more: object) =>
      (await train(run({ parameters: { ...trained, ...more } }))).log.map(({ trainLoss }) => trainLoss);
    const [expected, found] = [await losses({}), await losses(option)];
    // Sums of float32 in another order; the second step's weights differ by it, and few of them round another way.
    for (const [i, loss] of expected.entries()) expect(found[i]! / loss).toBeCloseTo(1, i === 0 ? 6 : 3);
  },
);

test('a weight that becomes infinite ends training as any divergence does', async () => {
  const config = wide();
  const weights = initialWeights(config, 1);
  weights['model.layers.0.mlp.up_proj.weight']!.data[5] = 70_000;
  await expect(train(run({ config, weights, parameters: trained }))).rejects.toThrow(/training diverged/);
});
