import { expect, test } from 'vitest';
import { independentBootstrap, meanLoss, pairedBootstrap, type DocumentLosses } from './bootstrap.ts';

/** Normal deviates (Box & Muller 1958) from a linear congruential generator. */
function normals(n: number, seed: number): number[] {
  let state = seed;
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 || 1e-9;
  return Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

const deviation = (values: readonly number[]): number => {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

const losses = (nats: readonly number[], units: readonly number[] = nats.map(() => 1)): DocumentLosses => ({
  nats: Float64Array.from(nats),
  units: Float64Array.from(units),
});

test.each([200, 2_000, 30_000])(
  'for %i documents of one length the interval is that of the mean of normal differences: ±1.96 σ / √n',
  (n) => {
    const hard = normals(n, 1).map((x) => 50 + 5 * x);
    const differences = normals(n, 2).map((x) => 0.1 + x);
    const { difference, low, high } = pairedBootstrap(losses(hard), losses(hard.map((x, i) => x + differences[i]!)));
    const mean = differences.reduce((a, b) => a + b) / n;
    expect(difference).toBeCloseTo(mean, 9);
    // A percentile of 2,000 resamples or more is off by a few per cent of the width; blocks of documents add as much.
    const expected = (1.96 * deviation(differences)) / Math.sqrt(n);
    expect(Math.abs((high - low) / 2 / expected - 1)).toBeLessThan(0.08);
    expect(Math.abs((low + high) / 2 - mean)).toBeLessThan(0.08 * expected);
  },
);

test('documents of other lengths weigh as many units as they have: the ratio of sums, with the delta method as its noise', () => {
  const n = 500;
  const units = normals(n, 3).map((x) => 100 * Math.exp(0.5 * x));
  const [noiseA, noiseB] = [normals(n, 4), normals(n, 5)];
  const natsA = units.map((u, i) => 2 * u + noiseA[i]!);
  const natsB = units.map((u, i) => 2.05 * u + 3 * noiseB[i]!);
  const [a, b] = [losses(natsA, units), losses(natsB, units)];
  const { difference, low, high } = pairedBootstrap(a, b);
  expect(difference).toBeCloseTo(meanLoss(b) - meanLoss(a), 12);
  const total = units.reduce((sum, u) => sum + u);
  const residuals = units.map((u, i) => b.nats[i]! - a.nats[i]! - difference * u);
  const expected = (1.96 * deviation(residuals) * Math.sqrt(n)) / total;
  expect(Math.abs((high - low) / 2 / expected - 1)).toBeLessThan(0.08); // as above
});

test('what makes a document hard for both models cancels out in pairs, and does not without', () => {
  const hard = normals(300, 6).map((x) => 50 + 10 * x);
  const noise = normals(300, 7);
  const [a, b] = [losses(hard), losses(hard.map((x, i) => x + 0.2 + 0.1 * noise[i]!))];
  const [paired, independent] = [pairedBootstrap(a, b), independentBootstrap(a, b)];
  expect(paired.low).toBeGreaterThan(0);
  expect(independent.low).toBeLessThan(0);
  const expected = 1.96 * Math.sqrt(2) * (deviation(hard) / Math.sqrt(300)); // two means, each with its own noise
  expect(Math.abs((independent.high - independent.low) / 2 / expected - 1)).toBeLessThan(0.08);
});

test('the interval of the same losses is 0, of one document a point, and always the same', () => {
  const a = losses([1, 2, 3], [2, 2, 2]);
  expect(pairedBootstrap(a, a)).toEqual({ difference: 0, low: 0, high: 0 });
  expect(pairedBootstrap(losses([4], [2]), losses([5], [2]))).toEqual({ difference: 0.5, low: 0.5, high: 0.5 });
  const b = losses([1, 3, 2], [2, 2, 2]);
  expect(pairedBootstrap(a, b)).toEqual(pairedBootstrap(a, b));
  expect(pairedBootstrap(a, b)).toMatchInlineSnapshot(`
    {
      "difference": 0,
      "high": 0.5,
      "low": -0.5,
    }
  `);
});

test('of two documents with differences 0 and 1 the interval is all there is', () => {
  expect(pairedBootstrap(losses([1, 1]), losses([1, 2]))).toEqual({ difference: 0.5, low: 0, high: 1 });
});

test('documents that are not as many cannot be paired', () => {
  expect(() => pairedBootstrap(losses([1]), losses([1, 2]))).toThrow(RangeError);
  expect(() => pairedBootstrap(losses([]), losses([]))).toThrow(RangeError);
});
