import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import {
  adapterConfig,
  adaptParameters,
  countAdapterParameters,
  decoderConfig,
  families,
  freezeParameters,
  initialAdapters,
  initialWeights,
  modelParameters,
  parameterShapes,
  tensorsOf,
  type DecoderConfig,
} from '@arrowsmith/model';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { dryRun, lastingZeros } from '@arrowsmith/backend';
import { disposeWeight, globalNorm } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { batchGradients } from './gradients.ts';
import { availableMemory, checkMemory } from './check-memory.ts';
import { estimateMemory } from './memory.ts';
import { initialState, muonNames, updateParameters } from './optimizer.ts';
import { trainingParameters, type TrainingParameters } from './parameters.ts';

const configOf = (model: object, data = { vocabularySize: 512, contextLength: 64 }): DecoderConfig =>
  decoderConfig(modelParameters.parse(model), data);

const parametersOf = (training: object): TrainingParameters => trainingParameters.parse({ steps: 10, ...training });

const wide = configOf(
  { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 4, intermediateSize: 384 },
  { vocabularySize: 2048, contextLength: 128 },
);

/** What the backend `native` tells of its memory. */
type NativeBackend = { nativeMemory(): { peak: number; scratch: number }; resetPeak(): void };

/** Two steps of training. */
async function trainTwoSteps(
  config: DecoderConfig,
  microBatches: number,
  recomputeActivations: boolean,
  method: 'adamw' | 'muon' = 'adamw',
): Promise<void> {
  const { optimizer } = parametersOf({ optimizer: { method } });
  const state = initialState(tensorsOf(initialWeights(config, 1)), muonNames(optimizer, config));
  const rows = 2 * microBatches;
  const ids = Int32Array.from({ length: rows * config.contextLength }, (_, i) => (i * 7919) % config.vocabularySize);
  for (let step = 1; step <= 2; step++) {
    const { gradients } = await batchGradients({
      config,
      parameters: state.parameters,
      batch: { inputs: ids, targets: ids },
      rows,
      microBatches,
      recomputeActivations,
    });
    const norm = globalNorm(Object.values(gradients));
    updateParameters(state, gradients, optimizer, { learningRate: 1e-3, gradientScale: 1, step });
    tf.dispose([gradients, norm]);
  }
  tf.dispose(state);
}

describe.skipIf(resolveBackend('auto') !== 'native')('on the backend native', () => {
  beforeAll(() => useBackend('native', { threads: 1 }));

  const cases = Object.keys(families).flatMap((family) => [
    { family, microBatches: 1, recomputeActivations: false, method: 'adamw' as const },
    { family, microBatches: 2, recomputeActivations: true, method: 'adamw' as const },
    { family, microBatches: 1, recomputeActivations: false, method: 'muon' as const },
  ]);
  test.each(cases)(
    'a dry run of $family has the tensors of a real one to the byte ($microBatches micro-batches, recomputation $recomputeActivations, $method)',
    async ({ family, microBatches, recomputeActivations, method }) => {
      const config = configOf({ family, hiddenSize: 64, layers: 4 });
      const work = () => trainTwoSteps(config, microBatches, recomputeActivations, method);
      const before = tf.memory().numTensors;
      const dry = await dryRun(work);
      expect(tf.memory().numTensors).toBe(before);

      const backend = tf.backend() as unknown as NativeBackend;
      backend.resetPeak();
      const { peak: others, scratch: scratchBefore } = backend.nativeMemory();
      await work();
      const { peak, scratch } = backend.nativeMemory();
      expect(dry.inUse).toBe(peak - scratch - (others - scratchBefore));
      expect(dry.tensors).toBeGreaterThan(0.9 * dry.inUse); // the last pages of buffers may be empty
    },
  );

  test('what kernels say that they need is what they keep, for two threads, too', async () => {
    // Of more rows than any test before.
    const work = async () => {
      await trainTwoSteps(wide, 4, false);
      await trainTwoSteps(wide, 4, false, 'muon');
    };
    for (const threads of [1, 2]) {
      await useBackend('native', { threads });
      const { scratch: said } = await dryRun(work);
      await work();
      const { scratch } = (tf.backend() as unknown as NativeBackend).nativeMemory();
      // Buffers are an eighth larger than asked for; what may have to be packed is not always packed, 0.4 MB a thread.
      expect(said).toBeGreaterThan((8 / 9) * scratch - 0.3e6);
      expect(said).toBeLessThan(scratch + threads * 0.5e6);
    }
    await useBackend('native', { threads: 1 });
  });
});

test('an estimate is the sum of its parts, of which each parameter takes 16 bytes with its gradient and moments', async () => {
  const config = configOf({ hiddenSize: 64, layers: 2, heads: 2, kvHeads: 2, intermediateSize: 256 });
  const parameters = parametersOf({ batchSize: 2 });
  const { total, ...parts } = await estimateMemory({ config, parameters, before: 1e6 });
  expect(parts.before).toBe(1e6);
  expect(parts.parameters).toBe(4 * (512 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 256 + 2 * 64) + 64));
  expect(parts.optimizer).toBe(2 * parts.parameters);
  expect(parts.gradients).toBe(parts.parameters);
  expect(total).toBe(Object.values(parts).reduce((sum, part) => sum + part, 0));

  const byMuon = await estimateMemory({
    config,
    parameters: { ...parameters, optimizer: { ...parameters.optimizer, method: 'muon' } },
    before: 1e6,
  });
  const matrices = 4 * 2 * (4 * 64 * 64 + 3 * 64 * 256); // which have one moment
  expect(byMuon.optimizer).toBe(2 * parts.parameters - matrices);

  const withTexts = await estimateMemory({ config, parameters, before: 1e6, writesTexts: true });
  expect(withTexts.total - total).toBe(withTexts.heap - parts.heap);
  expect(withTexts.heap).toBeGreaterThan(parts.heap);
});

test('matrices that are quantized are there once more, beside their activations and gradients', async () => {
  const parameters = parametersOf({ batchSize: 2 });
  const quantization = { format: 'int4-g32', formats: { embeddings: 'f32' }, from: 0.9 };
  const plain = await estimateMemory({ config: wide, parameters, before: 1e6 });
  const aware = await estimateMemory({ config: wide, parameters: { ...parameters, quantization }, before: 1e6 });
  const matrices = 4 * 4 * (4 * 128 * 128 + 3 * 128 * 384);
  expect(plain.quantized).toBe(0);
  expect(aware.quantized).toBe(matrices);
  // Buffers that waited for something else may take them.
  expect(aware.total - plain.total).toBeGreaterThan(0.9 * matrices);
  expect(aware.total - plain.total).toBeLessThan(1.1 * matrices);
  expect(aware.total).toBe(Object.values({ ...aware, total: 0 }).reduce((sum, part) => sum + part, 0));
  const refused = checkMemory({ config: wide, parameters: { ...parameters, quantization } }, aware, {
    available: aware.total - 1,
  });
  await expect(refused).rejects.toThrow(/gradients \d+ MB, quantized matrices \d+ MB, activations/);
});

test('smaller micro-batches and recomputation take less, pictures and validation of many rows no more than they are', async () => {
  const activationsOf = async (training: object, config = wide) =>
    (await estimateMemory({ config, parameters: parametersOf({ batchSize: 16, ...training }) })).activations;
  const plain = await activationsOf({});
  expect(await activationsOf({ gradientAccumulation: 4 })).toBeLessThan(0.4 * plain);
  expect(await activationsOf({ recomputeActivations: true })).toBeLessThan(0.5 * plain);
  expect(await activationsOf({ validation: { rows: 500 } })).toBeLessThan(1.1 * plain);
  const seeing = {
    ...wide,
    vision: { patchSize: 8, channels: 3, patches: 16 },
  } as DecoderConfig;
  expect(await activationsOf({}, seeing)).toBeGreaterThan(plain);
});

test('a training that does not fit is refused with the numbers, and what is advised fits', async () => {
  const options = { config: wide, parameters: parametersOf({ batchSize: 64 }), before: 100e6 };
  const estimate = await estimateMemory(options);
  const available = 0.6 * estimate.total;
  const refused = (await checkMemory(options, estimate, { available }).catch((error: unknown) => error)) as UserError;
  expect(refused).toBeInstanceOf(UserError);
  expect(refused.message).toMatch(/at most \d+ MB[^]*: before training 100 MB, parameters 4 MB, optimizer 9 MB/);
  const advised = Number(/to do: +gradientAccumulation: (\d+)/.exec(refused.message)![1]);
  const changed = { ...options, parameters: { ...options.parameters, gradientAccumulation: advised } };
  const changedEstimate = await estimateMemory(changed);
  await checkMemory(changed, changedEstimate, { available });
  expect(changedEstimate.total).toBeLessThan(available);

  const tight = (await checkMemory(options, estimate, { available: 115e6 }).catch(
    (error: unknown) => error,
  )) as UserError;
  expect(tight.message).toMatch(/to do: +a smaller model[^]*one row at a time/);
  await checkMemory(options, estimate, { available: estimate.total });
});

test('some memory is available, and no more than the machine has', () => {
  expect(availableMemory()).toBeGreaterThan(0);
  expect(availableMemory()).toBeLessThan(2 ** 50);
});

describe.skipIf(resolveBackend('auto') !== 'native')('of adapters', () => {
  beforeAll(() => useBackend('native', { threads: 1 }));

  const adapters = adapterConfig(wide, { rank: 8, alpha: 16, projections: 'all' }, 'adapt');
  const shapes = parameterShapes(wide);
  const isMatrix = (shape: readonly number[]) => shape.length > 1;
  const bytesOf = (shape: readonly number[], format: string) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return format === 'bf16' && isMatrix(shape) ? 2 * size : 4 * size;
  };
  const storedAs = (format: string) =>
    shapes.map(({ name, shape }) => ({
      name,
      shape,
      format: isMatrix(shape) ? format : 'f32',
      bytes: bytesOf(shape, format),
    }));

  test('an estimate has the model as it is stored, once, and gradients and moments of what learns', async () => {
    const parameters = parametersOf({ batchSize: 2 });
    const all = await estimateMemory({ config: wide, parameters, before: 0 });
    const learning = 4 * countAdapterParameters(wide, adapters);
    for (const format of ['f32', 'bf16']) {
      const stored = storedAs(format);
      const estimate = await estimateMemory({ config: wide, parameters, adapt: { adapters, stored }, before: 0 });
      expect(estimate.parameters).toBe(stored.reduce((sum, { bytes }) => sum + bytes, 0) + learning);
      expect(estimate.optimizer).toBe(2 * learning);
      expect(estimate.gradients).toBe(learning);
      expect(estimate.activations).toBeGreaterThan(0);
      expect(estimate.total).toBeLessThan(all.total - 2 * all.parameters);
    }
  });

  test('a dry run has the tensors of a real one to the byte', async () => {
    const work = async () => {
      const words = (bytes: number) => lastingZeros([bytes / 4], 'int32');
      const tensors = storedAs('bf16').map(({ name, shape, format, bytes }) =>
        isMatrix(shape)
          ? ([name, { format, shape, words: words(bytes) }] as const)
          : ([name, tf.fill(shape.slice(), 0)] as const),
      );
      const frozen = freezeParameters(wide, Object.fromEntries(tensors));
      const state = initialState(tensorsOf(initialAdapters(wide, adapters, 1)));
      const ids = new Int32Array(2 * wide.contextLength);
      for (let step = 1; step <= 2; step++) {
        const { gradients } = await batchGradients({
          config: wide,
          parameters: state.parameters,
          bind: (learning) => adaptParameters(wide, adapters, frozen, learning),
          batch: { inputs: ids, targets: ids },
          rows: 2,
          microBatches: 1,
        });
        updateParameters(state, gradients, parametersOf({}).optimizer, { learningRate: 0, gradientScale: 1, step });
        tf.dispose(gradients);
      }
      tf.dispose(state);
      Object.values(frozen).forEach(disposeWeight);
    };
    const before = tf.memory().numTensors;
    const dry = await dryRun(work);
    const backend = tf.backend() as unknown as NativeBackend;
    backend.resetPeak();
    const { peak: others, scratch: scratchBefore } = backend.nativeMemory();
    await work();
    const { peak, scratch } = backend.nativeMemory();
    expect(dry.inUse).toBe(peak - scratch - (others - scratchBefore));
    expect(tf.memory().numTensors).toBe(before);
  });
});
