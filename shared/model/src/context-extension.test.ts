import { useBackend } from '@arrowsmith/engine';
import { positionsFrom } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { extendContext } from './context-extension.ts';
import { forward } from './decoder.ts';
import { dualChunkAttention, rotateByChunk, type DualChunkAttentionConfig } from './dual-chunk-attention.ts';
import { createKvCache } from './kv-cache.ts';
import { modelParameters } from './model-parameters.ts';
import { initialWeights } from './parameters.ts';
import { tensorsOf } from './tensors.ts';
import { continueAll } from './testing/cached.ts';

beforeAll(() => useBackend('cpu'));

const config = decoderConfig(
  modelParameters.parse({
    hiddenSize: 16,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 24,
    initializerRange: 0.3,
  }),
  { vocabularySize: 19, contextLength: 8 },
);
const ids = (length: number) =>
  tf.tensor2d([Array.from({ length }, (_, i) => (5 * i + (i % 3)) % 19)], undefined, 'int32');
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

describe('dual chunk attention', () => {
  const extended = extendContext(config, { method: 'dual-chunk', factor: 3 });

  test('has, for every pair, the score of the published distance', () => {
    const attention = extended.layers[0]!.attention as DualChunkAttentionConfig; // chunks of 6, trained with 8
    const [s, heads, hd] = [24, 4, 4];
    const [q, k, v] = [1, 2, 3].map((seed) =>
      tf.randomNormal([1, s, seed === 1 ? heads : 2, hd], 0, 1, 'float32', seed),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const actual = dualChunkAttention(
      attention,
      q,
      rotateByChunk(attention, k, positionsFrom(0, s)),
      v,
    ).arraySync() as number[][][][];
    const [qs, ks, vs] = [q, k, v].map((x) => x.arraySync() as number[][][][]) as [
      number[][][][],
      number[][][][],
      number[][][][],
    ];
    /** q · R(distance) k, with rotaryPairs (x[p], x[p + 2]) turning by 10000^(−p / 2) per position. */
    const score = (a: number[], b: number[], distance: number) =>
      [0, 1].reduce((sum, p) => {
        const angle = distance * 10000 ** (-p / 2);
        const [ax, ay, bx, by] = [a[p]!, a[p + 2]!, b[p]!, b[p + 2]!];
        return sum + (ax * bx + ay * by) * Math.cos(angle) + (ax * by - ay * bx) * Math.sin(angle);
      }, 0) / 2;
    const distanceOf = (i: number, j: number) => {
      const back = Math.floor(i / 6) - Math.floor(j / 6);
      if (back === 0) return i - j;
      return (back === 1 ? Math.min((i % 6) + 6, 7) : 7) - (j % 6);
    };
    for (const i of [0, 5, 6, 7, 11, 12, 23]) {
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor(head / 2);
        const weights = Array.from({ length: i + 1 }, (_, j) =>
          Math.exp(score(qs[0]![i]![head]!, ks[0]![j]![kvHead]!, distanceOf(i, j))),
        );
        const total = weights.reduce((sum, w) => sum + w);
        for (let d = 0; d < hd; d++) {
          const expected = weights.reduce((sum, w, j) => sum + (w / total) * vs[0]![j]![kvHead]![d]!, 0);
          expect(Math.abs(actual[0]![i]![head]![d]! - expected)).toBeLessThan(1e-5); // float32 against float64
        }
      }
    }
  });

  test('is plain attention within a chunk', () => {
    const weights = tensorsOf(initialWeights(config, 1));
    const plain = forward(config, weights, ids(6));
    expect(difference(forward(extended, weights, ids(6)), plain)).toBeLessThan(1e-5); // the same sums in another order
  });

  test('sees nothing of what stands before a document’s start', () => {
    const weights = tensorsOf(initialWeights(config, 1));
    const documentOffsets = tf.tensor2d([Array.from({ length: 20 }, (_, i) => (i < 9 ? 0 : 9))], undefined, 'int32');
    const states = (first: number, options = {}) => {
      const other = (ids(20).arraySync() as number[][]).map((row) =>
        row.map((id, i) => (i < 9 ? (id + first) % 19 : id)),
      );
      const hidden = forward(extended, weights, tf.tensor2d(other, undefined, 'int32'), options);
      return tf.slice(hidden, [0, 9, 0], [1, 11, 16]);
    };
    expect(difference(states(0, { documentOffsets }), states(7, { documentOffsets }))).toBe(0);
    expect(difference(states(0), states(7))).toBeGreaterThan(0.01);
  });

  test('with a cache gives the hidden states of the whole sequence', () => {
    const weights = tensorsOf(initialWeights(config, 1));
    const whole = forward(extended, weights, ids(20));
    const cache = createKvCache(extended);
    const all = ids(20).arraySync() as number[][];
    const parts = [9, 1, 1, 9].map((s) => continueAll(extended, weights, cache, all, s));
    expect(difference(tf.concat(parts, 1), whole)).toBeLessThan(1e-5);
    cache.dispose();
  });
});

describe('YaRN', () => {
  test('stretches the positions of every layer that has any', () => {
    const { contextLength, layers } = extendContext(config, { method: 'yarn', factor: 4 });
    expect(contextLength).toBe(32);
    expect(layers.map(({ attention }) => attention.rope!.scaling)).toEqual(
      Array.from({ length: 2 }, () => ({
        kind: 'yarn',
        factor: 4,
        originalContextLength: 8,
        betaFast: 32,
        betaSlow: 1,
      })),
    );
  });

  test('is refused where positions are stretched already', () => {
    const once = extendContext(config, { method: 'yarn', factor: 2 });
    expect(() => extendContext(once, { method: 'yarn', factor: 2 })).toThrow(/already stretched[^]*yarn by 2/);
  });
});
