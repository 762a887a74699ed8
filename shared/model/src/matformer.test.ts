import { UserError } from '@arrowsmith/errors';
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { forward } from './decoder.ts';
import { loss } from './outputs.ts';
import { extractNested, nestedConfig } from './matformer.ts';
import { modelParameters } from './model-parameters.ts';
import { checkWeights, countParameters, initialWeights } from './parameters.ts';
import { tensorsOf } from './tensors.ts';

const config = decoderConfig(
  modelParameters.parse({
    family: 'gemma3',
    hiddenSize: 8,
    layers: 3,
    heads: 2,
    kvHeads: 1,
    intermediateSize: 16,
    ffnBias: true,
    matformer: { granularities: 3 },
    initializerRange: 0.3,
  }),
  { vocabularySize: 11, contextLength: 8 },
);
const weights = initialWeights(config, 1);
for (const [name, { data }] of Object.entries(weights)) {
  if (name.endsWith('.bias')) data.forEach((_, i) => (data[i] = 0.1 * Math.sin(i + 1)));
}
const ids = () => tf.tensor2d([[1, 5, 3, 9, 0, 2, 7, 4]], undefined, 'int32');

describe.each(['cpu', 'wasm'] as const)('a nested model on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([0, 1, 2])('computes at granularity %d what the model that is extracted computes', (granularity) => {
    const within = forward(config, tensorsOf(weights), ids(), { granularity });
    const extracted = extractNested(config, weights, [granularity, granularity, granularity]);
    checkWeights(extracted.config, extracted.weights, 'extracted');
    const alone = forward(extracted.config, tensorsOf(extracted.weights), ids());
    expect(alone.dataSync()).toEqual(within.dataSync()); // the same products of the same numbers
  });

  test('learns in its first features only at a smaller granularity', () => {
    const names = Object.keys(weights);
    const lossOf = (...tensors: tf.Tensor[]) =>
      loss(config, Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), ids(), ids(), {
        granularity: 2,
      }) as tf.Scalar;
    const { grads } = tf.valueAndGrads(lossOf)(Object.values(tensorsOf(weights)));
    const gradient = grads[names.indexOf('model.layers.1.mlp.up_proj.weight')]!.arraySync() as number[][]; // [16, 8]
    const isZero = gradient.map((row) => row.every((x) => x === 0));
    expect(isZero).toEqual(Array.from({ length: 16 }, (_, row) => row >= 4));
  });
});

test('models with a width per layer have the parameters that these widths say', () => {
  const mixed = extractNested(config, weights, [0, 2, 1]);
  checkWeights(mixed.config, mixed.weights, 'mixed');
  const saved = (16 - 4 + (16 - 8)) * (3 * 8 + 2); // rows of gate and up, columns of down, biases of gate and up
  expect(countParameters(mixed.config)).toBe(countParameters(config) - saved);
  expect(mixed.config.matformer.granularities).toBe(1);
});

test.each([[[0, 1]], [[0, 1, 3]], [[0, 1, -1]], [[0, 1, 0.5]]])('%j is no model of it', (granularities) => {
  expect(() => nestedConfig(config, granularities)).toThrow(UserError);
  expect(() => nestedConfig(config, granularities)).toThrow(/from 0 \(the whole\) to 2 for each of 3 layers/);
});
