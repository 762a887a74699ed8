/** @file Compares the decoder with Hugging Face transformers, family by family; scripts/parity/families.py makes the fixtures. */
import { join } from 'node:path';
import { forward, logits, lossTerms, parameterShapes, tensorsOf, type Weights } from '@arrowsmith/model';
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../read-safetensors.ts';
import { toInt32 } from '../stored-tensor.ts';
import { readHuggingFaceModel } from './read-model.ts';
import { sourceOf } from './tensor-names.ts';

const FAMILIES = 'test/fixtures/families';

const withGradients = [
  'llama3',
  'llama3-tied',
  'llama3-biases',
  'llama3-linear',
  'llama3-yarn',
  'llama4',
  'mistral',
  'phi3',
  'qwen2',
  'qwen3',
  'qwen3-moe',
  'qwen3-moe-mixed',
  'command-a',
  'gemma2',
  'gemma2-uncapped',
  'gemma3',
  'gemma3n',
  'smollm3',
];

async function readFixture(name: string) {
  const folder = join(FAMILIES, name);
  const { config, weights } = await readHuggingFaceModel(folder);
  const expected = await openSafetensors(join(folder, 'expected.safetensors'));
  const ids = async (key: string) =>
    tf.tensor(toInt32(await expected.read(key), key), [...expected.tensors.get(key)!.shape], 'int32');
  return { config, weights, expected, inputs: await ids('input_ids'), targets: await ids('labels') };
}

/** The largest difference, relative to the largest expected value. */
function relativeError(actual: ArrayLike<number>, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const largest = expected.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return expected.reduce((max, x, i) => Math.max(max, Math.abs(x - actual[i]!)), 0) / largest;
}

const backends = new Set<BackendName>(['cpu', resolveBackend('auto')]); // native where it is built

describe.each([...backends])('on %s', (backend) => {
  beforeAll(() => useBackend(backend, { precision: 'f32' }));

  // The reference is computed in float64, ours in float32: observed errors are up to 5e-6. Masks, caps and bases show as 1e-2.
  test.each([...withGradients, 'gemma3n-limit', 'llama3-bfloat16', 'qwen3-moe-sharded'])(
    '%s has the logits of transformers',
    async (name) => {
      const { config, weights, expected, inputs } = await readFixture(name);
      const parameters = tensorsOf(weights);
      const actual = logits(config, parameters, forward(config, parameters, inputs));
      expect(relativeError(actual.dataSync<'float32'>(), await expected.readFloat32('logits'))).toBeLessThan(1e-4);
      tf.dispose(parameters);
    },
  );

  test.each(withGradients)('%s has the loss and the gradients of transformers', async (name) => {
    const { config, weights, expected, inputs, targets } = await readFixture(name);
    const names = Object.keys(weights);
    let crossEntropy = NaN;
    const lossOf = (...tensors: tf.Tensor[]) => {
      const parameters = Object.fromEntries(names.map((key, i) => [key, tensors[i]!]));
      const terms = lossTerms({ ...config, routerLoss: { loadBalancing: 0, zLoss: 0 } }, parameters, inputs, targets);
      crossEntropy = terms.crossEntropy.dataSync()[0]!;
      return terms.total as tf.Scalar;
    };
    const { grads } = tf.valueAndGrads(lossOf)(Object.values(tensorsOf(weights)));
    expect(Math.abs(crossEntropy - (await expected.readFloat32('cross_entropy'))[0]!)).toBeLessThan(1e-5);
    const gradients: Weights = Object.fromEntries(
      names.map((key, i) => [key, { shape: grads[i]!.shape, data: grads[i]!.dataSync<'float32'>() }]),
    );
    for (const parameter of parameterShapes(config)) {
      const has = (key: string) => expected.tensors.has(`grad.${key}`);
      const source = sourceOf(config, parameter, has);
      const theirs = await source.read((key) => expected.readFloat32(`grad.${key}`));
      expect([parameter.name, relativeError(gradients[parameter.name]!.data, theirs) < 1e-3]).toEqual([
        parameter.name,
        true,
      ]);
    }
  });
});
