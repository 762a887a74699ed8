import { expect, test } from 'vitest';
import { normalQuantile } from './gaussian-top-k.ts';

test.each([
  [0.5, 0],
  [0.8413447460685429, 1],
  [0.95, 1.6448536269514722],
  [0.975, 1.959963984540054],
  [0.02275013194817921, -2],
  [0.999999, 4.753424308822899],
])('the normal quantile of %d is its published value', (p, expected) => {
  expect(normalQuantile(p)).toBeCloseTo(expected, 9);
});

test.each([0, 1, -0.1, NaN])('there is no normal quantile of %d', (p) => {
  expect(() => normalQuantile(p)).toThrow(RangeError);
});
