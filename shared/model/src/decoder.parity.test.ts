/** @file Compares the decoder with Hugging Face transformers; scripts/parity/llama3.py makes the fixtures. */
import { readFileSync } from 'node:fs';
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig, modelParameters } from './config.ts';
import { forward, logits, loss } from './decoder.ts';
import { checkWeights, type Weights } from './parameters.ts';
import { tensorsOf } from './tensors.ts';

type Encoded = { shape: number[]; data: string };

function decode({ shape, data }: Encoded): { shape: number[]; data: Float32Array } {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return { shape, data: new Float32Array(bytes.buffer) };
}

function readFixture(name: string) {
  const path = new URL(`../../../test/fixtures/llama3-${name}.json`, import.meta.url);
  const fixture = JSON.parse(readFileSync(path, 'utf8')) as Record<string, never>;
  const decodeAll = (encoded: Record<string, Encoded>): Weights =>
    Object.fromEntries(Object.entries(encoded).map(([key, value]) => [key, decode(value)]));
  return {
    config: decoderConfig(modelParameters.parse(fixture['parameters']), {
      vocabularySize: fixture['vocabularySize']!,
      contextLength: fixture['contextLength']!,
    }),
    inputs: tf.tensor2d(fixture['inputs']!, undefined, 'int32'),
    targets: tf.tensor2d(fixture['targets']!, undefined, 'int32'),
    weights: decodeAll(fixture['weights']!),
    gradients: decodeAll(fixture['gradients']!),
    logits: decode(fixture['logits']!),
    loss: fixture['loss']! as number,
  };
}

/** The largest difference, relative to the largest expected value. */
function relativeError(actual: tf.Tensor, expected: { shape: number[]; data: Float32Array }): number {
  expect(actual.shape).toEqual(expected.shape);
  const values = actual.dataSync<'float32'>();
  const largest = expected.data.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return expected.data.reduce((max, x, i) => Math.max(max, Math.abs(x - values[i]!)), 0) / largest;
}

// Both sides compute in float32, in different orders: observed errors are up to 2e-6.
const backends = new Set<BackendName>(['cpu', 'wasm', resolveBackend('auto')]); // native where it is built

describe.each([...backends])('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(['tied', 'untied'])('the decoder with %s embeddings', (name) => {
    test('has the parameters, logits and loss of transformers’ LlamaForCausalLM', () => {
      const fixture = readFixture(name);
      checkWeights(fixture.config, fixture.weights, 'fixture');
      const parameters = tensorsOf(fixture.weights);
      const hidden = forward(fixture.config, parameters, fixture.inputs);
      expect(relativeError(logits(fixture.config, parameters, hidden), fixture.logits)).toBeLessThan(1e-5);
      const actual = loss(fixture.config, parameters, fixture.inputs, fixture.targets).dataSync()[0]!;
      expect(Math.abs(actual - fixture.loss)).toBeLessThan(1e-5);
    });

    test('has its gradients for every parameter', () => {
      const { config, inputs, targets, weights, gradients } = readFixture(name);
      const names = Object.keys(weights);
      const lossOf = (...tensors: tf.Tensor[]) =>
        loss(config, Object.fromEntries(names.map((key, i) => [key, tensors[i]!])), inputs, targets) as tf.Scalar;
      const { grads } = tf.valueAndGrads(lossOf)(Object.values(tensorsOf(weights)));
      const errors = names.map((key, i) => relativeError(grads[i]!, gradients[key]!));
      expect(Math.max(...errors)).toBeLessThan(1e-5);
    });
  });
});
