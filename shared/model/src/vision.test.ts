import { UserError } from '@arrowsmith/errors';
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { forward } from './decoder.ts';
import { createKvCache } from './kv-cache.ts';
import { modelParameters } from './model-parameters.ts';
import { bindModules } from './modules.ts';
import { loss } from './outputs.ts';
import { initialWeights } from './parameters.ts';
import { tensorsOf, type ParameterTensors } from './tensors.ts';
import { continueAll } from './testing/cached.ts';
import { withPatches } from './vision.ts';

const [PATCH_EMBEDDING, PATCH_POSITIONS] = [
  'vision_model.patch_embedding.linear.weight',
  'vision_model.positional_embedding_vlm',
];
const vision = { patchSize: 2, channels: 3, patches: 4 };
const sizes = { hiddenSize: 8, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 12, initializerRange: 0.3 };
const configOf = (family: 'llama3' | 'llama4' | 'gemma3n') =>
  decoderConfig(modelParameters.parse({ family, ...sizes }), { vocabularySize: 11, contextLength: 10, vision });
const config = configOf('llama4');

const ids = [
  [0, 0, 0, 0, 0, 3, 1, 4],
  [0, 0, 0, 0, 0, 2, 7, 5],
];
const targets = [
  [-1, -1, -1, -1, 3, 1, 4, 0],
  [-1, -1, -1, -1, 2, 7, 5, 0],
];
const int32 = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');
const pictures = (seed: number) => tf.randomUniform([2, 4, 12], -1, 1, 'float32', seed);
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0]!;

describe.each(['cpu', 'native'] as const)('a model that sees, on %s', (backend) => {
  let parameters: ParameterTensors;
  beforeAll(async () => {
    await useBackend(backend);
    parameters = tensorsOf(initialWeights(config, 1));
  });

  test('has the vectors W · patch + place in the place of the first tokens, and the others as they were', () => {
    const [x, patches] = [tf.randomNormal([2, 8, 8], 0, 1, 'float32', 1), pictures(2)];
    const [w, places] = [PATCH_EMBEDDING, PATCH_POSITIONS].map((name) => parameters[name]!.arraySync() as number[][]);
    const values = patches.arraySync() as number[][][];
    const rows = x.arraySync() as number[][][];
    const expected = rows.map((row, b) =>
      row.map((vector, i) =>
        i >= 4
          ? vector
          : vector.map((_, d) => w![d]!.reduce((sum, weight, k) => sum + weight * values[b]![i]![k]!, places![i]![d]!)),
      ),
    );
    // Sums of twelve products of values around 1, in float32.
    expect(
      largest(tf.sub(withPatches(bindModules(config, parameters).vision, x, patches), tf.tensor(expected))),
    ).toBeLessThan(1e-5);
  });

  test('the ids of placeholders have no effect, pictures have one on all that follows', () => {
    const run = (rows: number[][], patches: tf.Tensor) => forward(config, parameters, int32(rows), { patches });
    const before = run(ids, pictures(1));
    const others = ids.map((row) => row.map((id, i) => (i < 4 ? 9 : id)));
    expect(run(others, pictures(1)).arraySync()).toEqual(before.arraySync());
    const change = tf.max(tf.abs(tf.sub(run(ids, pictures(2)), before)), -1).arraySync() as number[][];
    expect(Math.min(...change.flat())).toBeGreaterThan(1e-3);
  });

  test('the loss is the mean over the captions alone', () => {
    const patches = pictures(1);
    const lossOf = (rows: number[][]) => loss(config, parameters, int32(ids), int32(rows), { patches }).dataSync()[0]!;
    const mean = lossOf(targets);
    const [first, second] = [0, 1].map((only) =>
      lossOf(targets.map((row, b) => (b === only ? row : row.map(() => -1)))),
    );
    expect(Math.abs(mean - (first! + second!) / 2)).toBeLessThan(1e-5); // float32 sums of eight losses of about 3
  });

  test.each(['llama3', 'llama4', 'gemma3n'] as const)('%s: a cache goes on behind a picture', (family) => {
    const own = configOf(family);
    const weights = tensorsOf(initialWeights(own, 3));
    const patches = pictures(1);
    const whole = forward(own, weights, int32(ids), { patches });
    for (const [i, row] of ids.entries()) {
      const cache = createKvCache(own);
      const picture = tf.slice(patches, [i, 0, 0], [1, -1, -1]);
      const pieces = [5, 1, 2].map((length, piece) =>
        continueAll(own, weights, cache, [row], length, piece === 0 ? { patches: picture } : {}),
      );
      // The same sums in another order, of values around 1.
      expect(largest(tf.sub(tf.concat(pieces, 1), tf.slice(whole, [i, 0, 0], [1, -1, -1])))).toBeLessThan(1e-4);
      cache.dispose();
    }
  });

  test('refuses a picture of another size, and a model without vision refuses any', () => {
    const patches = tf.zeros([2, 4, 27]);
    expect(() => forward(config, parameters, int32(ids), { patches })).toThrow(/patches \[2, 4, 12\][^]*\[2, 4, 27\]/);
    const blind = { ...config, vision: null };
    expect(() => forward(blind, parameters, int32(ids), { patches })).toThrow(UserError);
    const short = int32([[1, 2, 3]]);
    expect(() => forward(config, parameters, short, { patches: tf.zeros([1, 4, 12]) })).toThrow(/of 3 tokens/);
  });
});

test('gradients of the patch embedding match finite differences, with and without recomputation', async () => {
  await useBackend('cpu');
  const parameters = tensorsOf(initialWeights(config, 1));
  const patches = pictures(1);
  const names = [PATCH_EMBEDDING, PATCH_POSITIONS];
  const lossWith = (changed: ParameterTensors, recompute: boolean) =>
    loss(config, { ...parameters, ...changed }, int32(ids), int32(targets), { patches, recompute });
  for (const recompute of [false, true]) {
    const lossOf = (...tensors: tf.Tensor[]) =>
      lossWith(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), recompute) as tf.Scalar;
    const { grads } = tf.valueAndGrads(lossOf)(names.map((name) => parameters[name]!));
    for (const [i, name] of names.entries()) {
      const value = parameters[name]!;
      const direction = tf.randomNormal(value.shape, 0, 1, 'float32', 7);
      const step = 1e-2;
      const [up, down] = [step, -step].map((size) => {
        const moved = tf.add(value, tf.mul(direction, size));
        return lossWith({ [name]: moved }, false).dataSync()[0]!;
      });
      const expected = (up! - down!) / (2 * step);
      const actual = tf.sum(tf.mul(grads[i]!, direction)).dataSync()[0]!;
      // Central differences err by the third derivative times step², and by float32 rounding of a loss of about 3 over 2 · step.
      expect(Math.abs(actual - expected)).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected)));
    }
  }
});
