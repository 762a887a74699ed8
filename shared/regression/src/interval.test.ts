import { expect, test } from 'vitest';
import { deviation, mean, toleranceFactor, toleranceInterval } from './interval.ts';

/** Standard normal numbers from a seed: mulberry32 and Box-Muller. */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

test('mean and deviation are those of a sample', () => {
  expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
  expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
});

test.each([
  [2, 1, 0.1],
  [6, 1, 0.05],
  [12, 4, 0.2],
])(
  'of baselines of %d seeds, %d independent metrics together raise a false alarm as often as promised',
  (runs, metrics, rate) => {
    const next = normals(7);
    const factor = toleranceFactor(runs, metrics, rate);
    const trials = 20_000;
    let alarms = 0;
    for (let trial = 0; trial < trials; trial++) {
      let alarm = false;
      for (let metric = 0; metric < metrics; metric++) {
        const values = Array.from({ length: runs }, () => 5 + 0.1 * next());
        const { lowest, highest } = toleranceInterval(values, factor, 'both');
        const another = 5 + 0.1 * next();
        alarm ||= another < lowest! || another > highest!;
      }
      if (alarm) alarms++;
    }
    // Bonferroni's bound is met exactly by one metric, and by independent ones up to rate²/2; four standard errors of the count.
    const standardError = Math.sqrt((rate * (1 - rate)) / trials);
    expect(alarms / trials).toBeLessThan(rate + 4 * standardError);
    expect(alarms / trials).toBeGreaterThan(rate - rate ** 2 / 2 - 4 * standardError);
  },
);

test('a metric that may fall has no lower limit, one that may rise no upper limit', () => {
  const values = [1, 2, 3];
  expect(toleranceInterval(values, 2, 'both')).toEqual({ lowest: 0, highest: 4 });
  expect(toleranceInterval(values, 2, 'lower')).toEqual({ lowest: null, highest: 4 });
  expect(toleranceInterval(values, 2, 'higher')).toEqual({ lowest: 0, highest: null });
});

test('more seeds and fewer metrics narrow the limits', () => {
  expect(toleranceFactor(12, 9, 0.001)).toBeLessThan(toleranceFactor(6, 9, 0.001));
  expect(toleranceFactor(12, 3, 0.001)).toBeLessThan(toleranceFactor(12, 9, 0.001));
});
