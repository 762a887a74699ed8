import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { beforeAll, describe, expect, test } from 'vitest';
import { awq, squaredProducts } from './awq.ts';
import { channelGroups, type MatrixAt } from './channel-groups.ts';
import {
  configOf,
  inputsOf,
  largestDifference,
  logitsOf,
  runAll,
  variants,
  weightsOf,
} from './testing/small-models.ts';

beforeAll(() => useBackend(resolveBackend('auto')));

describe.each(variants)('%s', (_, options) => {
  test('computes what it did, with other weights that lose no more', async () => {
    const config = configOf(options);
    const weights = weightsOf(config);
    const inputs = await inputsOf(config, weights);
    const { result: made, chosen } = await runAll(awq({ config, weights, formatOf: () => 'int3-g32', inputs }));
    const isRead = ({ name, at = 0 }: MatrixAt): boolean => inputs.get(name)![at]!.count > 0; // experts may be without tokens
    expect(chosen.length).toBe(channelGroups(config).filter(({ readers }) => readers.some(isRead)).length);
    expect(chosen.some(({ alpha }) => alpha > 0)).toBe(true);
    expect(chosen.every(({ error }) => error <= 1)).toBe(true);
    // Products are of other float32 numbers.
    expect(largestDifference(logitsOf(config, { weights: made }), logitsOf(config, { weights }))).toBeLessThan(2e-5);
  });
});

test('the weights that were given stay as they are', async () => {
  const config = configOf({});
  const weights = weightsOf(config);
  const copies = Object.values(weights).map(({ data }) => data.slice());
  const inputs = await inputsOf(config, weights);
  await runAll(awq({ config, weights, formatOf: () => 'int4-g32', inputs }));
  expect(Object.values(weights).map(({ data }) => data)).toEqual(copies);
});

test('the error of products is that of the products', async () => {
  const [n, tokens] = [3, 5];
  const x = Array.from({ length: tokens }, (_, t) => Array.from({ length: n }, (_u, j) => Math.sin(3 * t + j)));
  const products = Float64Array.from({ length: n * n }, (_, i) =>
    x.reduce((sum, of) => sum + of[Math.floor(i / n)]! * of[i % n]!, 0),
  );
  const errors = Float32Array.of(0.5, -1, 0.25, 2, 0, 1);
  const expected = [0, 1].flatMap((row) =>
    x.map((of) => of.reduce((sum, value, j) => sum + value * errors[row * n + j]!, 0) ** 2),
  );
  const statistics = {
    count: tokens,
    products,
    squares: new Float64Array(n),
    magnitudes: new Float64Array(n),
    maxima: new Float64Array(n),
  };
  // float32 products
  expect(await squaredProducts(errors, n, statistics)).toBeCloseTo(
    expected.reduce((a, b) => a + b),
    4,
  );
});
