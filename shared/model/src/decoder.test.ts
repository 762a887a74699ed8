import { UserError } from '@arrowsmith/errors';
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { modelParameters } from './model-parameters.ts';
import { forward } from './decoder.ts';
import { createKvCache } from './kv-cache.ts';
import { logits, loss, targetLosses } from './outputs.ts';
import { initialWeights } from './parameters.ts';
import { tensorsOf } from './tensors.ts';
import { continueAll, continueRows } from './testing/cached.ts';

const config = decoderConfig(
  modelParameters.parse({
    hiddenSize: 12,
    layers: 2,
    heads: 6,
    kvHeads: 2,
    intermediateSize: 20,
    initializerRange: 0.3,
  }),
  { vocabularySize: 17, contextLength: 8 },
);
const parameters = () => tensorsOf(initialWeights(config, 1));
const int32 = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');
const ids = [
  [3, 1, 4, 1, 5, 9],
  [2, 6, 5, 3, 5, 8],
];

describe.each(['cpu', 'wasm'] as const)('the decoder on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('a later token never changes the logits of earlier ones', () => {
    const weights = parameters();
    const logitsOf = (tokens: number[][]) => logits(config, weights, forward(config, weights, int32(tokens)));
    const before = logitsOf(ids).arraySync() as number[][][];
    for (let position = 0; position < 6; position++) {
      const changed = ids.map((row) => row.with(position, 16));
      const after = logitsOf(changed).arraySync() as number[][][];
      expect(after.map((row) => row.slice(0, position))).toEqual(before.map((row) => row.slice(0, position)));
      expect(after[0]![position]).not.toEqual(before[0]![position]);
    }
  });

  test.each([
    { what: 'token by token', steps: [1, 1, 1, 1, 1, 1] },
    { what: 'a prompt, then tokens', steps: [4, 1, 1] },
    { what: 'in pieces', steps: [2, 3, 1] },
  ])('with a cache, $what, gives the hidden states of the whole sequence', ({ steps }) => {
    const weights = parameters();
    const whole = forward(config, weights, int32(ids)); // [2, 6, d]
    const cache = createKvCache(config, { sequences: 2 });
    const pieces = steps.map((s) => continueAll(config, weights, cache, ids, s));
    expect(cache.lengths).toEqual([6, 6]);
    const difference = tf.max(tf.abs(tf.sub(tf.concat(pieces, 1), whole))).dataSync()[0];
    expect(difference).toBeLessThan(1e-5); // the same sums in another order, of values around 1
  });

  test('sequences of a cache have lengths of their own, and go on when they like', () => {
    const weights = parameters();
    const whole = ids.map((row) => tf.squeeze(forward(config, weights, int32([row])), [0])); // [6, d] each
    const cache = createKvCache(config, { sequences: 2 });
    const states: tf.Tensor[][] = [[], []];
    for (const counts of [
      [1, 0],
      [0, 3],
      [2, 2],
      [1, 0],
      [2, 1],
    ]) {
      const pieces = counts.map((count, i) => ids[i]!.slice(cache.lengths[i], cache.lengths[i]! + count));
      continueRows(config, weights, cache, pieces).forEach((piece, i) => states[i]!.push(piece));
    }
    expect(cache.lengths).toEqual([6, 6]);
    for (const [i, pieces] of states.entries()) {
      expect(tf.max(tf.abs(tf.sub(tf.concat(pieces), whole[i]!))).dataSync()[0]).toBeLessThan(1e-5);
    }
    cache.dispose();
  });

  test('a cache survives a surrounding tidy, takes no more memory, and leaves no tensors once disposed of', () => {
    const weights = parameters();
    const before = tf.memory();
    const cache = createKvCache(config);
    const { numTensors, numBytes } = tf.memory();
    for (const token of [1, 2, 3]) tf.tidy(() => void continueRows(config, weights, cache, [[token]]));
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    expect(cache.bytes).toBe(numBytes - before.numBytes);
    cache.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
  });

  test('a training step and an evaluation leave no tensors and no memory of the backend behind', () => {
    const weights = parameters();
    const [names, values] = [Object.keys(weights), Object.values(weights)];
    const step = () =>
      tf.tidy(() => {
        const lossOf = (...tensors: tf.Tensor[]) =>
          loss(
            config,
            Object.fromEntries(names.map((name, i) => [name, tensors[i]!])),
            int32(ids),
            int32(ids),
          ) as tf.Scalar;
        tf.valueAndGrads(lossOf)(values);
        loss(config, weights, int32(ids), int32(ids));
      });
    step();
    const before = { ...tf.memory(), dataIds: tf.backend().numDataIds() };
    for (let i = 0; i < 3; i++) step();
    expect({ ...tf.memory(), dataIds: tf.backend().numDataIds() }).toEqual(before);
  });

  test('recomputation changes no bit of the loss and its gradients, and keeps only the input of each block', () => {
    const weights = parameters();
    const [names, values] = [Object.keys(weights), Object.values(weights)];
    const step = (recompute: boolean) => {
      const before = tf.memory().numTensors;
      let kept = 0;
      const { value, grads } = tf.tidy(() =>
        tf.valueAndGrads((...tensors: tf.Tensor[]) => {
          const named = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
          const result = loss(config, named, int32(ids), int32(ids), { recompute });
          kept = tf.memory().numTensors - before;
          return result as tf.Scalar;
        })(values),
      );
      const numbers = [value, ...grads].map((tensor) => Array.from(tensor.dataSync()));
      tf.dispose([value, grads]);
      expect(tf.memory().numTensors).toBe(before);
      return { kept, numbers };
    };
    const [direct, recomputed] = [step(false), step(true)];
    expect(recomputed.numbers).toEqual(direct.numbers);
    // The loss, four for ids and embedding, three for the last norm, two for the loss; per block x, cos, sin and nine weights.
    expect(recomputed.kept).toBe(1 + 4 + 3 + 2 + config.layers.length * (3 + 9));
    expect(direct.kept).toBeGreaterThan(1 + 4 + 3 + 2 + config.layers.length * (9 + 16));
  });

  test('the loss is the mean of the token losses', () => {
    const weights = parameters();
    const targets = [3, 1, -1, 6, 5, 16, -1, -1, 0, 2, 4, 8];
    const hidden = forward(config, weights, int32(ids));
    const losses = targetLosses(config, weights, hidden, tf.tensor1d(targets, 'int32')).arraySync() as number[];
    const mean = losses.reduce((sum, x) => sum + x, 0) / 9;
    const actual = loss(config, weights, int32(ids), tf.tensor2d(targets, [2, 6], 'int32')).dataSync()[0]!;
    expect(Math.abs(actual - mean)).toBeLessThan(1e-5);
  });

  test('a freshly initialised model guesses: its loss is about ln(vocabulary size)', () => {
    const small = { ...config, initialization: { ...config.initialization, deviation: 0.02 } };
    const targets = ids.map((row) => row.map((id) => (id + 7) % 17)); // not the inputs, which tied embeddings favour
    const actual = loss(small, tensorsOf(initialWeights(small, 1)), int32(ids), int32(targets)).dataSync()[0]!;
    expect(Math.abs(actual - Math.log(17))).toBeLessThan(0.1);
  });

  test('refuses more tokens than the context, with and without a cache', () => {
    const weights = parameters();
    const nine = [[1, 2, 3, 4, 5, 6, 7, 8, 9]];
    expect(() => forward(config, weights, int32(nine))).toThrow(UserError);
    const cache = createKvCache(config);
    continueRows(config, weights, cache, [nine[0]!.slice(0, 8)]);
    expect(() => continueRows(config, weights, cache, [[1]])).toThrow(/at most 8 tokens[^]*9/);
    cache.dispose();
  });
});
