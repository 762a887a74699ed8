import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { exponential } from './exponential.ts';

test('is that of Math.exp, to within two units in the last place', () => {
  const numbers = fc.oneof(
    fc.double({ min: -708, max: 0, noNaN: true }),
    fc.double({ min: -1, max: 0, noNaN: true }),
    fc.float({ min: -30, max: 0, noNaN: true }),
  );
  fc.assert(
    fc.property(numbers, (x) => {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThanOrEqual(2 * Number.EPSILON);
    }),
    { seed: 1, numRuns: 20_000 },
  );
});

test('is 1 for 0, goes down with x, and ends where float64 has no more normal numbers', () => {
  expect([0, -0, -1e-20].map(exponential)).toEqual([1, 1, 1]);
  expect(exponential(-708)).toBeGreaterThan(0);
  expect([-708.1, -746, -1e308, -Infinity].map(exponential)).toEqual([0, 0, 0, 0]);
  let last = 1;
  for (let x = 0; x > -720; x -= 1 / 128) {
    expect(exponential(x)).toBeLessThanOrEqual(last);
    last = exponential(x);
  }
});

test('no number is no number', () => {
  expect(exponential(NaN)).toBeNaN();
});
