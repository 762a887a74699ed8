import { beforeAll, expect, test } from 'vitest';
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { measureTraining } from './measure-training.ts';
import { trainingParameters } from './parameters.ts';

beforeAll(() => useBackend(resolveBackend('auto'), { threads: 1 }));

const measure = (model: object, training: object = {}) =>
  measureTraining({
    config: decoderConfig(
      modelParameters.parse({ hiddenSize: 16, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 32, ...model }),
      { vocabularySize: 64, contextLength: 8 },
    ),
    parameters: trainingParameters.parse({ steps: 3, batchSize: 4, ...training }),
    seconds: 60, // it ends after all steps
  });

test.each<[string, ...Parameters<typeof measure>]>([
  ['a dense model', {}],
  ['a mixture of experts, by micro-batches', { family: 'qwen3-moe' }, { gradientAccumulation: 2 }],
  ['a nested model, with recomputation', { matformer: { granularities: 2 } }, { recomputeActivations: true }],
])('%s is trained for no more than its steps, and leaves no tensor', async (_name, model, training) => {
  const { numTensors } = tf.memory();
  const { step, validation } = await measure(model, training);
  expect(step).toBeGreaterThan(0);
  expect(validation).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBe(numTensors);
});
