/** @file What holds for the decoder of every family; whether it computes what the published models do is tested in shared/formats. */
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from '../architecture.ts';
import { forward } from '../decoder.ts';
import { createKvCache } from '../kv-cache.ts';
import { modelParameters } from '../model-parameters.ts';
import { lossTerms, type LossOptions } from '../outputs.ts';
import { initialWeights } from '../parameters.ts';
import { tensorsOf } from '../tensors.ts';
import { continueAll } from '../testing/cached.ts';
import { families } from './index.ts';

const names = Object.keys(families);
const sizes = { hiddenSize: 16, layers: 5, heads: 4, kvHeads: 2, intermediateSize: 16, initializerRange: 0.2 };
// Windows and chunks of 3 positions, of a sequence of 11.
const configOf = (family: string, change: object = {}) =>
  decoderConfig(modelParameters.parse({ family, ...sizes, window: 3, chunk: 3, ...change }), {
    vocabularySize: 13,
    contextLength: 12,
  });
const rows = [
  [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5],
  [2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4],
];
const int32 = (ids: number[][]) => tf.tensor2d(ids, undefined, 'int32');
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

/** The loss and all gradients, as numbers. */
function step(config: ReturnType<typeof configOf>, options: LossOptions) {
  const weights = tensorsOf(initialWeights(config, 1));
  const keys = Object.keys(weights);
  const lossOf = (...tensors: tf.Tensor[]) => {
    const parameters = Object.fromEntries(keys.map((name, i) => [name, tensors[i]!]));
    return lossTerms(config, parameters, int32(rows), int32(rows), options).total as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(lossOf)(Object.values(weights));
  const numbers = [value, ...grads].map((tensor) => Array.from(tensor.dataSync()));
  tf.dispose([value, grads, weights]);
  return numbers;
}

const backends = new Set<BackendName>(['cpu', resolveBackend('auto')]);

describe.each([...backends])('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(names)('the decoder of %s', (name) => {
    test.each([
      { what: 'token by token', pieces: Array.from({ length: 11 }, () => 1) },
      { what: 'a prompt, then tokens', pieces: [5, 1, 1, 1, 1, 1, 1] },
      { what: 'in pieces', pieces: [2, 4, 5] },
    ])('with a cache, $what, gives the hidden states of the whole sequence', ({ pieces }) => {
      const config = configOf(name);
      const weights = tensorsOf(initialWeights(config, 1));
      const whole = forward(config, weights, int32(rows)); // [2, 11, d]
      const cache = createKvCache(config, { sequences: 2 });
      const parts = pieces.map((s) => continueAll(config, weights, cache, rows, s));
      // The same sums in another order, of values around 1.
      expect(difference(tf.concat(parts, 1), whole)).toBeLessThan(2e-5);
      cache.dispose();
    });

    test('gives no token a look at later ones', () => {
      const config = configOf(name);
      const weights = tensorsOf(initialWeights(config, 1));
      const before = forward(config, weights, int32(rows));
      const after = forward(config, weights, int32(rows.map((row) => row.with(6, 12))));
      const upTo = (x: tf.Tensor, position: number) => tf.slice(x, [0, 0, 0], [2, position, 16]);
      // The same sums; of experts' rows, of which there may be other numbers, in another order.
      expect(difference(upTo(before, 6), upTo(after, 6))).toBeLessThan(1e-5);
      expect(difference(upTo(before, 7), upTo(after, 7))).toBeGreaterThan(1e-2);
    });

    test('recomputes to the same bits', () => {
      const config = configOf(name);
      expect(step(config, { recompute: true })).toEqual(step(config, {}));
    });

    test('leaves no tensors behind', () => {
      const config = configOf(name);
      step(config, {});
      const inUse = () => ({ tensors: tf.memory().numTensors, buffers: tf.backend().numDataIds() });
      const before = inUse();
      step(config, {});
      tf.tidy(() => void forward(config, tensorsOf(initialWeights(config, 1)), int32(rows)));
      expect(inUse()).toEqual(before);
    });
  });

  test('attention that is confined to documents sees what each document by itself does', () => {
    const config = configOf('llama3', { attentionPattern: 'SG', positionPattern: 'N' }); // without positions, a shift changes nothing
    const weights = tensorsOf(initialWeights(config, 1));
    const documentOffsets = int32([[0, 0, 0, 0, 4, 4, 4, 4, 4, 9, 9]]);
    const packed = forward(config, weights, int32([rows[0]!]), { documentOffsets });
    const documents = [
      [0, 4],
      [4, 9],
      [9, 11],
    ].map(([begin, end]) => forward(config, weights, int32([rows[0]!.slice(begin, end)])));
    expect(difference(packed, tf.concat(documents, 1))).toBeLessThan(1e-5); // the same sums in another order
  });
});
