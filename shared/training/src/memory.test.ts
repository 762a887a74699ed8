import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { decoderConfig, initialWeights, modelParameters, tensorsOf, type DecoderConfig } from '@arrowsmith/model';
import { globalNorm, resolveBackend, useBackend } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { batchGradients } from './gradients.ts';
import { availableMemory, checkStepMemory, estimateStepMemory } from './memory.ts';
import { initialState, updateParameters } from './optimizer.ts';
import { trainingParameters } from './parameters.ts';

const grouped = decoderConfig(
  modelParameters.parse({ hiddenSize: 96, layers: 3, heads: 6, kvHeads: 2, intermediateSize: 200 }),
  { vocabularySize: 512, contextLength: 100 },
);
const wide = decoderConfig(
  modelParameters.parse({ hiddenSize: 128, layers: 4, heads: 4, kvHeads: 4, intermediateSize: 384 }),
  { vocabularySize: 2048, contextLength: 128 },
);

/** What the backend `native` tells of its memory. */
type NativeBackend = { nativeMemory(): { peak: number; scratch: number }; resetPeak(): void };

/** The peaks of a second step: the first one grows the kernels' buffers. */
async function measure(config: DecoderConfig, rows: number, microBatches: number, recomputeActivations: boolean) {
  const backend = tf.backend() as unknown as NativeBackend;
  const { optimizer } = trainingParameters.parse({ steps: 2 });
  const state = initialState(tensorsOf(initialWeights(config, 1)));
  const length = microBatches * rows * config.contextLength;
  const ids = Int32Array.from({ length }, (_, i) => (i * 7919) % config.vocabularySize);
  for (let step = 1; step <= 2; step++) {
    backend.resetPeak();
    const { gradients } = await batchGradients({
      config,
      parameters: state.parameters,
      batch: { inputs: ids, targets: ids },
      rows: microBatches * rows,
      microBatches,
      recomputeActivations,
    });
    const norm = globalNorm(Object.values(gradients));
    updateParameters(state, gradients, optimizer, { learningRate: 1e-3, gradientScale: 1, step });
    tf.dispose([gradients, norm]);
  }
  tf.dispose(state);
  return backend.nativeMemory();
}

describe.skipIf(resolveBackend('auto') !== 'native')('on the backend native', () => {
  beforeAll(() => useBackend('native', { threads: 1 }));

  // In this order, because the kernels' buffers grow and never shrink.
  test.each([
    { name: 'a model with grouped queries', config: grouped, microBatches: 1, recomputeActivations: true },
    { name: 'a model with grouped queries', config: grouped, microBatches: 2, recomputeActivations: false },
    { name: 'a model with a wide vocabulary', config: wide, microBatches: 1, recomputeActivations: false },
    { name: 'a model with a wide vocabulary', config: wide, microBatches: 2, recomputeActivations: true },
  ])(
    'the estimate is what a step of $name takes ($microBatches micro-batches, recomputation $recomputeActivations)',
    async ({ config, microBatches, recomputeActivations }) => {
      const options = { config, rows: 4, microBatches, recomputeActivations, threads: 1 };
      const estimate = estimateStepMemory(options);
      const { peak, scratch } = await measure(config, 4, microBatches, recomputeActivations);
      const within15Percent = (found: number, expected: number) => Math.abs(found / expected - 1) <= 0.15;
      // Tensors are counted one by one; the rest is norms, ids and tables. Buffers of kernels are only a bound by their sizes.
      expect((estimate.total - estimate.scratch) / (peak - scratch)).toBeCloseTo(1, 1);
      expect(within15Percent(estimate.total, peak), `${estimate.total} for ${peak}`).toBe(true);
    },
  );
});

test('a parameter takes 16 bytes with its gradient and moments, whatever the batch', () => {
  const config = decoderConfig(
    modelParameters.parse({ hiddenSize: 64, layers: 2, heads: 2, kvHeads: 2, intermediateSize: 256 }),
    { vocabularySize: 256, contextLength: 8 },
  );
  const { parameters, optimizer, gradients, total } = estimateStepMemory({ config, rows: 1 });
  expect(parameters).toBe(4 * (256 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 256 + 2 * 64) + 64));
  expect(optimizer).toBe(2 * parameters);
  expect(gradients).toBeGreaterThan(parameters);
  expect(total).toBeGreaterThan(parameters + optimizer + gradients);
});

test('the published configuration of 7 million parameters trains in 0.8 GB, and recomputing halves its activations', () => {
  const config = decoderConfig(
    modelParameters.parse({ hiddenSize: 288, layers: 6, heads: 6, kvHeads: 6, intermediateSize: 768 }),
    { vocabularySize: 4096, contextLength: 256 },
  );
  const kept = estimateStepMemory({ config, rows: 16, threads: 2 });
  const recomputed = estimateStepMemory({ config, rows: 16, threads: 2, recomputeActivations: true });
  expect(kept.total).toBeLessThan(0.8e9);
  expect(recomputed.activations).toBeLessThan(kept.activations / 2);
});

test('a step that does not fit is refused with the numbers, and with what to change', () => {
  const estimate = estimateStepMemory({ config: wide, rows: 512 });
  const check = () => checkStepMemory(estimate, 1e9);
  expect(check).toThrow(UserError);
  expect(check).toThrow(/at most 1\.00 GB[^]*GB: parameters 4 MB, optimizer 9 MB[^]*batchSize[^]*recomputeActivations/);
  expect(() => checkStepMemory(estimate, estimate.total)).not.toThrow();
  expect(() => checkStepMemory(estimateStepMemory({ config: grouped, rows: 1 }))).not.toThrow();
});

test('where the model itself is too large, a smaller batch is not the advice', () => {
  const estimate = estimateStepMemory({ config: wide, rows: 1, tokensPerRow: 2 });
  expect(() => checkStepMemory(estimate, 1e6)).toThrow(/to do: +a smaller model/);
});

test('some memory is available, and no more than the machine has', () => {
  expect(availableMemory()).toBeGreaterThan(0);
  expect(availableMemory()).toBeLessThan(2 ** 50);
});
