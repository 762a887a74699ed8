import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention } from './attention.ts';
import { useBackend } from './backends.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';

/** Causal attention, one output vector at a time, in float64. */
function expectedAttention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, scale: number): number[] {
  const [b, s, n, hd] = q.shape as [number, number, number, number];
  const [, sKv, nKv] = k.shape as [number, number, number, number];
  const [qs, ks, vs] = [q.dataSync(), k.dataSync(), v.dataSync()];
  const result: number[] = [];
  for (let batch = 0; batch < b; batch++) {
    for (let i = 0; i < s; i++) {
      for (let head = 0; head < n; head++) {
        const query = ((batch * s + i) * n + head) * hd;
        const keyAt = (j: number) => ((batch * sKv + j) * nKv + Math.floor((head * nKv) / n)) * hd;
        const weights: number[] = [];
        for (let j = 0; j <= i + sKv - s; j++) {
          let product = 0;
          for (let c = 0; c < hd; c++) product += qs[query + c]! * ks[keyAt(j) + c]!;
          weights.push(Math.exp(product * scale));
        }
        const total = weights.reduce((sum, w) => sum + w, 0);
        for (let c = 0; c < hd; c++) {
          result.push(weights.reduce((sum, w, j) => sum + (w / total) * vs[keyAt(j) + c]!, 0));
        }
      }
    }
  }
  return result;
}

describe.each(['cpu', 'wasm'] as const)('attention on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([
    { what: 'one key head per query head', b: 2, s: 5, sKv: 5, n: 3, nKv: 3 },
    { what: 'groups of query heads that share a key head', b: 2, s: 5, sKv: 5, n: 6, nKv: 2 },
    { what: 'one key head for all (multi-query)', b: 1, s: 3, sKv: 3, n: 4, nKv: 1 },
    { what: 'more keys than queries', b: 2, s: 3, sKv: 8, n: 4, nKv: 2 },
    { what: 'one query', b: 1, s: 1, sKv: 6, n: 4, nKv: 2 },
    { what: 'queries that fill whole blocks', b: 1, s: 32, sKv: 32, n: 2, nKv: 1 },
  ])('matches the formula in float64: $what', ({ b, s, sKv, n, nKv }) => {
    const [q, k, v] = [
      randomTensor([b, s, n, 6], 1),
      randomTensor([b, sKv, nKv, 6], 2),
      randomTensor([b, sKv, nKv, 6], 3),
    ];
    const actual = attention(q, k, v, { scale: 0.7 });
    expect(actual.shape).toEqual([b, s, n, 6]);
    expect(relativeError(actual, expectedAttention(q, k, v, 0.7))).toBeLessThan(2e-6); // float32 exponentials of a few sums
  });

  test.each([
    { what: 'groups of query heads', s: 4, sKv: 4 },
    { what: 'more keys than queries', s: 2, sKv: 5 },
  ])('its gradients match finite differences: $what', ({ s, sKv }) => {
    expect(
      gradientError(
        (q, k, v) => attention(q!, k!, v!, { scale: 0.7 }),
        [randomTensor([2, s, 4, 3], 4), randomTensor([2, sKv, 2, 3], 5), randomTensor([2, sKv, 2, 3], 6)],
      ),
    ).toBeLessThan(GRADIENT_TOLERANCE);
  });
});
