import { expect, test } from 'vitest';
import { bandOf, smooth } from './smooth.ts';

const noisy = Array.from({ length: 1000 }, (_, i) => 1 + (i % 2 === 0 ? 0.1 : -0.1));

test('a noisy line is averaged, a smooth one and a short one are not', () => {
  const { means, points } = smooth(noisy)!;
  expect(points).toBe(11);
  // Eleven alternating values leave one of them over: 0.1 / 11 beside the middle.
  for (const mean of means.slice(10, -10)) expect(Math.abs(mean - 1)).toBeCloseTo(0.1 / 11, 12);
  expect(smooth(noisy.map((_, i) => Math.exp(-i / 100)))).toBeUndefined();
  expect(smooth(noisy.slice(0, 100))).toBeUndefined();
});

test('values that are not finite leave a gap and spoil no mean beside it', () => {
  const values = noisy.with(500, NaN).with(501, Infinity);
  const { means } = smooth(values)!;
  expect(means.map((mean, i) => (Number.isFinite(mean) ? [] : [i])).flat()).toEqual([500, 501]);
  expect(means[499]).toBeCloseTo(1, 1);
});

test('a band holds every value, and has no more intervals than are asked for', () => {
  const x = noisy.map((_, i) => i + 1);
  const values = noisy.map((value, i) => value + Math.sin(i));
  const { x: edges, least, most } = bandOf(x, values, 64);
  expect(edges.length / 2).toBeLessThanOrEqual(64);
  expect([edges[0], edges.at(-1)]).toEqual([1, 1000]);
  for (const [i, value] of values.entries()) {
    const at = edges.findIndex((edge, k) => k % 2 === 0 && edge <= x[i]! && x[i]! <= edges[k + 1]!);
    expect(value).toBeGreaterThanOrEqual(least[at]!);
    expect(value).toBeLessThanOrEqual(most[at]!);
  }
});
