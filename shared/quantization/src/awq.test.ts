import { resolveBackend, useBackend } from '@arrowsmith/engine';
import {
  decoderConfig,
  forward,
  initialWeights,
  logits,
  modelParameters,
  tensorsOf,
  type DecoderConfig,
  type Weights,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { awq, squaredProducts } from './awq.ts';
import { createCalibration } from './calibration.ts';
import { channelGroups, type MatrixAt } from './channel-groups.ts';

const contextLength = 12;
const ids = Int32Array.from({ length: 2 * contextLength }, (_, i) => (i * i + 3) % 13);
const idTensor = () => tf.tensor2d(ids, [2, contextLength], 'int32');

const configOf = (more: object) =>
  decoderConfig(
    modelParameters.parse({
      hiddenSize: 32,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      intermediateSize: 32,
      initializerRange: 0.3,
      ...more,
    }),
    { vocabularySize: 13, contextLength },
  );

/** Of which norms are no ones, and biases no zeros, so that they matter. */
function weightsOf(config: DecoderConfig): Weights {
  const weights = initialWeights(config, 1);
  for (const { shape, data } of Object.values(weights))
    if (shape.length === 1) for (let i = 0; i < data.length; i++) data[i]! += 0.4 * Math.sin(5 * i + 2);
  return weights;
}

function logitsOf(config: DecoderConfig, weights: Weights): Float32Array {
  return tf.tidy(() => {
    const parameters = tensorsOf(weights);
    return logits(config, parameters, forward(config, parameters, idTensor()))
      .dataSync<'float32'>()
      .slice();
  });
}

function scaled(config: DecoderConfig, weights: Weights, format: string) {
  const parameters = tensorsOf(weights);
  const calibration = createCalibration(config, parameters, { products: true });
  calibration.see(() => forward(config, parameters, idTensor()), Array<boolean>(ids.length).fill(true));
  tf.dispose(parameters);
  const running = awq({ config, weights, formatOf: () => format, inputs: calibration.inputs });
  const chosen = [];
  for (;;) {
    const next = running.next();
    if (next.done === true) return { weights: next.value, chosen, inputs: calibration.inputs };
    chosen.push(next.value);
  }
}

beforeAll(() => useBackend(resolveBackend('auto')));

const variants: [name: string, options: object][] = [
  ...['llama3', 'llama4', 'qwen3-moe', 'command-a', 'gemma3', 'gemma3n'].map((family): [string, object] => [
    family,
    { family, window: 4, chunk: 4 },
  ]),
  ['untied, with biases', { tieWordEmbeddings: false, attentionBias: true, ffnBias: true }],
];

describe.each(variants)('%s', (_, options) => {
  test('computes what it did, with other weights that lose no more', () => {
    const config = configOf(options);
    const weights = weightsOf(config);
    const { weights: made, chosen, inputs } = scaled(config, weights, 'int3-g32');
    const isRead = ({ name, at = 0 }: MatrixAt): boolean => inputs.get(name)![at]!.count > 0; // experts may be without tokens
    expect(chosen.length).toBe(channelGroups(config).filter(({ readers }) => readers.some(isRead)).length);
    expect(chosen.some(({ alpha }) => alpha > 0)).toBe(true);
    expect(chosen.every(({ error }) => error <= 1)).toBe(true);
    const [before, after] = [logitsOf(config, weights), logitsOf(config, made)];
    const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Products are of other float32 numbers.
    for (const [i, value] of after.entries()) expect(Math.abs(value - before[i]!)).toBeLessThan(2e-5 * largest);
  });
});

test('the weights that were given stay as they are', () => {
  const config = configOf({});
  const weights = weightsOf(config);
  const copies = Object.values(weights).map(({ data }) => data.slice());
  scaled(config, weights, 'int4-g32');
  expect(Object.values(weights).map(({ data }) => data)).toEqual(copies);
});

test('the error of products is that of the products', () => {
  const [n, tokens] = [3, 5];
  const x = Array.from({ length: tokens }, (_, t) => Array.from({ length: n }, (_u, j) => Math.sin(3 * t + j)));
  const products = Float64Array.from({ length: n * n }, (_, i) =>
    x.reduce((sum, of) => sum + of[Math.floor(i / n)]! * of[i % n]!, 0),
  );
  const errors = Float32Array.of(0.5, -1, 0.25, 2, 0, 1);
  const expected = [0, 1].flatMap((row) =>
    x.map((of) => of.reduce((sum, value, j) => sum + value * errors[row * n + j]!, 0) ** 2),
  );
  const statistics = { count: tokens, products, squares: new Float64Array(n), magnitudes: new Float64Array(n) };
  // float32 products
  expect(squaredProducts(errors, n, statistics)).toBeCloseTo(
    expected.reduce((a, b) => a + b),
    4,
  );
});
