/** @file Products of numbers that are rounded to 16 bits, on the backend webgpu. */
import { UserError } from '@arrowsmith/errors';
import { startWebGpuBackend, type WebGpuBackend } from '@arrowsmith/backend-webgpu';
import { globalNorm, groupedLinears, linear, linearCrossEntropy } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from './use-backend.ts';

let backend: WebGpuBackend;
let hasHalf: boolean;
beforeAll(async () => {
  await useBackend('webgpu');
  backend = tf.backend() as WebGpuBackend;
  hasHalf = backend.device.features.has('shader-f16');
});
afterAll(() => startWebGpuBackend());

/** The nearest number of 11 significant bits whose exponent is at least −14, the even one of two: IEEE 754's binary16. */
function half(x: number): number {
  if (x === 0) return 0;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10);
  const [below, rest] = [Math.floor(x / unit), x / unit - Math.floor(x / unit)];
  const isUp = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  return (below + Number(isUp)) * unit;
}

test('the rounding that results are compared with is that of binary16', () => {
  expect([1 / 3, 2049, 2051, 65504, -(2 ** -14) / 3].map(half)).toEqual([
    0.333251953125,
    2048,
    2052,
    65504,
    -341 * 2 ** -24,
  ]);
});

/** Numbers of all magnitudes, some halfway between two of 16 bits; none so small that it is denormal, which devices may take for 0. */
const values = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => {
    const word = Math.imul(i + 1, 0x9e3779b1 + 2 * seed) >>> 0;
    return i % 7 === 0 ? 2049 / 2048 + (word % 5) / 4 : Math.fround(((word >>> 9) / 2 ** 22 - 1) * 2 ** (word % 9));
  });

/** Σ_k round(a_ik) round(b_jk), in float64. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, k: number, round: (x: number) => number): number[] {
  const [rows, columns] = [a.length / k, b.length / k];
  return Array.from({ length: rows * columns }, (_, place) => {
    const [i, j] = [Math.floor(place / columns), place % columns];
    let sum = 0;
    for (let term = 0; term < k; term++) sum += round(a[i * k + term]!) * round(b[j * k + term]!);
    return sum;
  });
}

/** The largest difference, relative to the largest number. */
function difference(found: ArrayLike<number>, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((number, i) => Math.abs(number - found[i]!))) / largest;
}

const transposed = (x: ArrayLike<number>, columns: number): number[] =>
  Array.from({ length: x.length }, (_, place) => {
    const rows = x.length / columns;
    return x[(place % rows) * columns + Math.floor(place / rows)]!;
  });

/** Products by each of the kernels: a tile or few rows, both transposes of gradients, groups. */
const [N, K, OUT] = [70, 33, 65];
async function products() {
  const [x, w, dY] = [values(N * K, 1), values(OUT * K, 2), values(N * OUT, 3)];
  const [xs, ws, dYs] = [tf.tensor2d(x, [N, K]), tf.tensor2d(w, [OUT, K]), tf.tensor2d(dY, [N, OUT])];
  const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor) => linear(a, b))([xs, ws], dYs);
  const few = linear(tf.slice(xs, [0, 0], [3, K]), ws);
  const offsets = tf.tensor1d([0, 20, N], 'int32');
  const [grouped] = groupedLinears(xs, [tf.stack([ws, tf.reverse(ws, 0)])], offsets);
  const found = await Promise.all(
    [linear(xs, ws), few, ...gradients, tf.slice(grouped!, [0, 0], [20, OUT])].map((each) => each.data<'float32'>()),
  );
  const expected = (round: (x: number) => number) => [
    product(x, w, K, round),
    product(x.subarray(0, 3 * K), w, K, round),
    product(dY, transposed(w, K), OUT, round),
    product(transposed(dY, OUT), transposed(x, K), N, round),
    product(x.subarray(0, 20 * K), w, K, round),
  ];
  return { found, expected };
}

/** Sums of float32 in another order of terms. */
const TOLERANCE = 2e-6;

test('factors are rounded to the nearest number of 16 bits, and sums are float32', async () => {
  await startWebGpuBackend({ precision: 'f16', emulates: true });
  const { found, expected } = await products();
  for (const [i, each] of expected(half).entries()) expect(difference(found[i]!, each)).toBeLessThan(TOLERANCE);
  for (const [i, each] of expected((x) => x).entries()) expect(difference(found[i]!, each)).toBeGreaterThan(1e-4);
  await startWebGpuBackend();
  const exact = await products();
  for (const [i, each] of exact.expected((x) => x).entries()) {
    expect(difference(exact.found[i]!, each)).toBeLessThan(TOLERANCE);
  }
});

test('what a token that is no target adds to the gradients is as exact as factors are, of many tokens and a large vocabulary', async () => {
  const [n, d, vocabulary] = [512, 4, 4096];
  const x = tf.randomNormal([n, d], 0, 1, 'float32', 1);
  const weight = tf.randomNormal([vocabulary, d], 0, 0.1, 'float32', 2);
  const targets = tf.tensor1d(
    Int32Array.from({ length: n }, (_, i) => i % 3),
    'int32',
  );
  const gradients = async (): Promise<Float32Array[]> => {
    const both = tf.grads((a: tf.Tensor, b: tf.Tensor) => linearCrossEntropy(a, b, targets))([x, weight]);
    const [dX, dWeight] = await Promise.all(both.map((each) => each.data<'float32'>()));
    return [dX!, dWeight!.subarray(3 * d)]; // of weights, those of tokens that are nowhere a target: small and many
  };
  await startWebGpuBackend();
  const exact = await gradients();
  await startWebGpuBackend({ precision: 'f16', emulates: true });
  const rounded = await gradients();
  const norm = (numbers: ArrayLike<number>): number => Math.hypot(...Array.from(numbers));
  for (const [i, each] of exact.entries()) {
    const error = norm(each.map((value, at) => value - rounded[i]![at]!)) / norm(each);
    expect(error).toBeLessThan(2 ** -11); // half a unit of a factor; a sum's errors are not all on one side
  }
});

const WITHOUT = 'this adapter has no shader-f16';

test('where shaders have 16-bit numbers, results are the same bits', async ({ skip }) => {
  skip(!hasHalf, WITHOUT);
  await startWebGpuBackend({ precision: 'f16', emulates: true });
  const emulated = await products();
  await startWebGpuBackend({ precision: 'f16' });
  expect(backend.operand).toMatch(/^f16( by bits)?$/);
  expect((await products()).found).toEqual(emulated.found);
});

test('where they have none, the precision is refused', async ({ skip }) => {
  skip(hasHalf, 'this adapter has shader-f16');
  const refused = startWebGpuBackend({ precision: 'f16' });
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(/no products of 16-bit numbers[^]*shader-f16[^]*f32/);
});

describe('a factor that 16 bits do not hold', () => {
  beforeAll(() => startWebGpuBackend({ precision: 'f16', emulates: true }));

  const normAfter = async (rows: number, factor: number): Promise<number> => {
    backend.forgetOverflow();
    linear(tf.mul(tf.ones([rows, 4]), factor), tf.ones([5, 4]));
    return (await globalNorm([tf.tensor1d([3, 4])]).data())[0]!;
  };

  test.each([70_000, -70_000, Infinity, NaN])('%d makes the norm infinite, until it is forgotten', async (factor) => {
    for (const rows of [2, 30]) {
      expect(await normAfter(rows, factor)).toBe(Infinity);
      expect(await normAfter(rows, 65_504)).toBe(5);
    }
  });
});
