import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention, type AttentionOptions } from './attention.ts';
import { useBackend } from '@arrowsmith/engine';
import { GRADIENT_TOLERANCE, gradientError, randomTensor } from './testing/errors.ts';

/** Which keys each query's value depends on, by position: those whose value vector has a gradient. */
function visibleKeys(s: number, sKv: number, options: Partial<AttentionOptions>): number[][] {
  const [q, k] = [randomTensor([1, s, 1, 2], 1), randomTensor([1, sKv, 1, 2], 2)];
  const v = tf.ones([1, sKv, 1, 2]);
  return Array.from({ length: s }, (_, i) => {
    const dY = tf.tensor4d(Array.from({ length: 2 * s }, (_x, j) => (Math.floor(j / 2) === i ? 1 : 0)), [1, s, 1, 2]); // prettier-ignore
    const dV = tf.grad((x: tf.Tensor) => attention(q, k, x, { scale: 1, ...options }))(v, dY);
    return Array.from(dV.dataSync()).flatMap((g, j) => (g > 0 && j % 2 === 0 ? [j / 2] : []));
  });
}

describe.each(['cpu', 'wasm'] as const)('attention on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([
    ['all keys up to its own', 3, 3, {}, [[0], [0, 1], [0, 1, 2]]],
    [
      'keys before the first query too',
      2,
      4,
      {},
      [
        [0, 1, 2],
        [0, 1, 2, 3],
      ],
    ],
    ['the last keys of a window', 4, 4, { window: 2 }, [[0], [0, 1], [1, 2], [2, 3]]],
    [
      'the last keys of a window that began before',
      2,
      5,
      { window: 3 },
      [
        [1, 2, 3],
        [2, 3, 4],
      ],
    ],
    ['its own chunk', 5, 5, { chunk: 2 }, [[0], [0, 1], [2], [2, 3], [4]]],
    ['its own chunk, which began before', 2, 6, { chunk: 4 }, [[4], [4, 5]]],
    ['a window within its chunk', 5, 5, { chunk: 3, window: 2 }, [[0], [0, 1], [1, 2], [3], [3, 4]]],
    ['all keys of a longer window or chunk', 2, 2, { chunk: 9, window: 9 }, [[0], [0, 1]]],
  ])('a query sees %s', (_, s, sKv, options, expected) => {
    expect(visibleKeys(s, sKv, options)).toEqual(expected);
  });

  test.each<Partial<AttentionOptions> & { s: number; sKv: number }>([
    { s: 4, sKv: 4 },
    { s: 2, sKv: 5 },
    { s: 5, sKv: 5, window: 2 },
    { s: 3, sKv: 6, window: 2, chunk: 4 },
    { s: 5, sKv: 5, chunk: 2 },
    { s: 4, sKv: 4, softCap: 0.8 },
    { s: 3, sKv: 5, softCap: 0.8, window: 2 },
    { s: 1, sKv: 5, softCap: 0.8, chunk: 3 },
  ])('its gradients match finite differences: %o', ({ s, sKv, ...options }) => {
    expect(
      gradientError(
        (q, k, v) => attention(q!, k!, v!, { scale: 0.7, ...options }),
        [randomTensor([1, s, 4, 3], 4), randomTensor([1, sKv, 2, 3], 5), randomTensor([1, sKv, 2, 3], 6)],
      ),
    ).toBeLessThan(GRADIENT_TOLERANCE);
  });

  test('a NaN that a query sees reaches its result', () => {
    const [q, k] = [randomTensor([1, 3, 1, 2], 1), randomTensor([1, 3, 1, 2], 2)];
    const y = attention(q, k, tf.tensor4d([1, 1, NaN, 1, 1, 1], [1, 3, 1, 2]), { scale: 1 }).dataSync();
    expect(Array.from(y, Number.isNaN).slice(2)).toEqual([true, false, true, false]);
  });
});
