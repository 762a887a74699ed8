/** @file Attention with masks beside attention without: what is the same in another form, and a stack of layers that trains. */
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention, linear, maskOf, type AttentionOptions, type MaskPredicate } from './index.ts';
import { GRADIENT_TOLERANCE, gradientError, largestDifference, randomTensor } from './testing/errors.ts';
import * as predicates from './testing/masks.ts';

const backends = new Set<BackendName>(['cpu', resolveBackend('auto')]);

const [S, HEADS, HEAD_DIM] = [150, 2, 8];

/** Values and gradients of q, k and v, one behind the other. */
function results(options: Partial<AttentionOptions>, inputs: readonly tf.Tensor[]): number[] {
  const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attention(q, k, v, { scale: 0.5, ...options });
  const [q, k, v] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
  const gradients = tf.grads(f)([q, k, v], randomTensor(q.shape, 9));
  return [f(q, k, v), ...gradients].flatMap((x) => Array.from(x.dataSync()));
}

/** For each position the first one of its document, of those of the predicate `documents`: int32 [1, S]. */
function firstPositions(): tf.Tensor {
  const positions = Array.from({ length: S }, (_, position) => position);
  const first = positions.map((query) => positions.findIndex((key) => predicates.documents(query, key)));
  return tf.tensor2d(first, [1, S], 'int32');
}

const inputsOf = (s: number) => [1, 2, 3].map((seed) => randomTensor([1, s, HEADS, HEAD_DIM], seed));

describe.each([...backends])('attention with a mask on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each<[string, () => Partial<AttentionOptions>, MaskPredicate]>([
    ['no option', () => ({}), predicates.causal],
    ['a window', () => ({ window: 7 }), predicates.windowOf7],
    ['chunks', () => ({ chunk: 20 }), predicates.chunksOf20],
    ['documents', () => ({ documentOffsets: firstPositions() }), predicates.documents],
  ])('is that of %s for its predicate', (_, options, predicate) => {
    const inputs = inputsOf(S);
    const [expected, found] = [results(options(), inputs), results({ mask: maskOf(predicate) }, inputs)];
    expect(largestDifference(found, expected)).toBeLessThan(1e-5); // the same sums in another order
  });

  test('gives a document among others what it has alone, whichever positions its mask looks at', () => {
    const lengths = [70, 33, 47];
    const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
    const first = starts.flatMap((start, i) => Array<number>(lengths[i] ?? 0).fill(start));
    const documentOffsets = tf.tensor2d(first, [1, S], 'int32');
    const inputs = inputsOf(S);
    for (const predicate of [predicates.prefixLm, predicates.stridedAndLocal, predicates.dilated]) {
      const mask = maskOf(predicate);
      const [q, k, v] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
      const together = attention(q, k, v, { scale: 0.5, mask, documentOffsets });
      for (const [i, start] of starts.entries()) {
        const size = [1, lengths[i] ?? 0, HEADS, HEAD_DIM];
        const own = (x: tf.Tensor) => tf.slice(x, [0, start, 0, 0], size);
        const alone = attention(own(q), own(k), own(v), { scale: 0.5, mask });
        expect(largestDifference(own(together).dataSync(), alone.dataSync())).toBeLessThan(1e-5);
      }
    }
  });

  test('gives zeros to a query that sees nothing, and to its gradient', () => {
    const mask = maskOf((query, key) => query !== 1 && key <= query);
    const [q, k, v] = inputsOf(3) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const f = (x: tf.Tensor) => attention(x, k, v, { scale: 1, mask });
    for (const x of [f(q), tf.grad(f)(q)]) {
      expect(tf.slice(x, [0, 1, 0, 0], [1, 1, HEADS, HEAD_DIM]).dataSync()).toEqual(new Float32Array(HEADS * HEAD_DIM));
      expect(x.dataSync().some(Number.isNaN)).toBe(false);
    }
  });

  test('goes with no window or chunk beside it', () => {
    const [q, k, v] = inputsOf(3) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const mask = maskOf(predicates.causal);
    expect(() => attention(q, k, v, { scale: 1, mask, window: 2 })).toThrow('belong into its predicate');
  });

  test.each(Object.values(predicates))('has gradients that match finite differences: $name', (predicate) => {
    const mask = maskOf(predicate);
    const shape = (s: number, heads: number) => [1, s, heads, 3];
    expect(
      gradientError(
        (q, k, v) => attention(q!, k!, v!, { scale: 0.7, mask, softCap: 0.8 }),
        [randomTensor(shape(4, 4), 4), randomTensor(shape(6, 2), 5), randomTensor(shape(6, 2), 6)],
      ),
    ).toBeLessThan(GRADIENT_TOLERANCE);
  });

  test('trains a stack of two layers on a prefix: a step along the gradient lowers the loss by what the gradient says', () => {
    const [s, d] = [45, HEADS * HEAD_DIM];
    const mask = maskOf(predicates.prefixLm);
    const x = randomTensor([1, s, d], 1);
    const targets = randomTensor([s, d], 2);
    const weights = Array.from({ length: 8 }, (_, i) => tf.mul(randomTensor([d, d], 10 + i), 0.4));
    const layer = (stream: tf.Tensor, [wq, wk, wv, wo]: tf.Tensor[]) => {
      const heads = (w: tf.Tensor) => tf.reshape(linear(stream, w), [1, s, HEADS, HEAD_DIM]);
      const attended = attention(heads(wq!), heads(wk!), heads(wv!), { scale: HEAD_DIM ** -0.5, mask });
      return tf.add(stream, linear(tf.reshape(attended, [s, d]), wo!));
    };
    const predicted = (...ws: tf.Tensor[]) => layer(layer(tf.reshape(x, [s, d]), ws.slice(0, 4)), ws.slice(4));
    const lossOf = (...ws: tf.Tensor[]) =>
      tf.tidy(() => tf.sum(tf.mul(predicted(...ws), targets)).dataSync()[0] ?? NaN);
    const gradients = tf.grads(predicted)(weights, targets); // of Σ prediction · target
    const squares = gradients.reduce((sum, g) => sum + (tf.sum(tf.square(g)).dataSync()[0] ?? NaN), 0);
    const step = 1e-2 / Math.sqrt(squares); // a hundredth of a unit in all weights together
    const moved = (sign: number) => lossOf(...weights.map((w, i) => tf.add(w, tf.mul(gradients[i]!, sign * step))));
    expect((moved(1) - moved(-1)) / (2 * step) / squares).toBeCloseTo(1, 2);
    expect(moved(-1)).toBeLessThan(lossOf(...weights));
  });
});
