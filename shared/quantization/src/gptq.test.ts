import { UserError } from '@arrowsmith/errors';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InputStatistics } from './calibration.ts';
import { formatNamed, numberFormats } from './formats/index.ts';
import { quantize } from './formats/quantize.ts';
import { DAMPING, gptq, hasLevels, inverseOfUpper, upperFactor } from './gptq.ts';

interface Fixture {
  rows: { groups: [scale: number, zero: number][]; integers: number[] }[];
  errors: number[];
  nearestErrors: number[];
}

/** Made by scripts/parity/gptq.py, which has these formulas for the weights and inputs, too. */
const fixture = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/fixtures/gptq.json'), 'utf8'),
) as Fixture;

const weightsOf = (rows: number, n: number) =>
  Float32Array.from({ length: rows * n }, (_, i) => Math.sin(1.7 * i ** 1.5));

/** Tokens' inputs, row by row: neighbouring channels go together, and some are larger than others. */
function inputsOf(tokens: number, n: number): Float64Array {
  const mixed = Float64Array.from({ length: tokens * n }, (_, i) => Math.cos(2.3 * i ** 1.5));
  return mixed.map((value, i) => {
    const before = mixed[i % n === 0 ? i + n - 1 : i - 1]!;
    return (value + 0.8 * before) * (1 + ((i % n) % 7));
  });
}

function statisticsOf(x: Float64Array, n: number): InputStatistics {
  const products = new Float64Array(n * n);
  for (let token = 0; token < x.length; token += n)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) products[i * n + j]! += x[token + i]! * x[token + j]!;
  return {
    count: x.length / n,
    products,
    squares: Float64Array.from({ length: n }, (_, i) => products[i * n + i]!),
    magnitudes: new Float64Array(n),
    maxima: new Float64Array(n),
  };
}

/** Σ ‖(w − made) x‖² of each row, over the tokens themselves. */
function errorsOf(w: Float32Array, made: Float32Array, x: Float64Array, n: number): number[] {
  return Array.from({ length: w.length / n }, (_, row) => {
    let sum = 0;
    for (let token = 0; token < x.length; token += n) {
      let product = 0;
      for (let j = 0; j < n; j++) product += (w[row * n + j]! - made[row * n + j]!) * x[token + j]!;
      sum += product * product;
    }
    return sum;
  });
}

test('is what the formulas of the paper make in NumPy', () => {
  const [format, n] = ['int4-g32-asymmetric', 96];
  const [w, x] = [weightsOf(5, n), inputsOf(150, n)];
  const made = formatNamed(format).dequantize(gptq(format, w, n, statisticsOf(x, n)), n);
  const expected = fixture.rows.flatMap(({ groups, integers }) =>
    integers.map((integer, i) => {
      const [scale, zero] = groups[Math.floor(i / 32)]!;
      return scale * (integer - zero);
    }),
  );
  expect(made).toEqual(Float32Array.from(expected));
  // float32 weights against float64 ones
  for (const [row, error] of errorsOf(w, made, x, n).entries()) expect(error / fixture.errors[row]!).toBeCloseTo(1, 4);
  expect(fixture.errors.every((error, row) => error < 0.7 * fixture.nearestErrors[row]!)).toBe(true);
});

test('rounds to the nearest where channels have nothing to do with each other', () => {
  const n = 256;
  const w = weightsOf(3, n);
  const squares = Float64Array.from({ length: n }, (_, i) => 1 + (i % 5));
  const products = new Float64Array(n * n);
  for (let j = 0; j < n; j++) products[j * n + j] = squares[j]!;
  for (const format of [...numberFormats.keys()].filter(hasLevels)) {
    const made = gptq(format, w, n, { count: 1, products, squares, magnitudes: squares, maxima: squares });
    expect(made, format).toEqual(quantize(format, w, n));
  }
});

describe.each([...numberFormats.keys()].filter(hasLevels))('%s', (format) => {
  test('has no row with a larger error than that of rounding to the nearest', () => {
    const n = 256;
    const [w, x] = [weightsOf(4, n), inputsOf(100, n)];
    const { dequantize } = formatNamed(format);
    const made = dequantize(gptq(format, w, n, statisticsOf(x, n)), n);
    const nearest = dequantize(quantize(format, w, n), n);
    const [errors, nearestErrors] = [errorsOf(w, made, x, n), errorsOf(w, nearest, x, n)];
    // The method minimizes the damped error, which has a part of ‖Δ‖², too.
    const squares = statisticsOf(x, n).squares.reduce((sum, value) => sum + value, 0);
    for (let row = 0; row < 4; row++) {
      const damping = (of: Float32Array) =>
        of.subarray(row * n, (row + 1) * n).reduce((sum, value, j) => sum + (value - w[row * n + j]!) ** 2, 0) *
        ((DAMPING * squares) / n);
      // float32 values, whose errors are small in formats of 8 bits
      expect(errors[row]! + damping(made)).toBeLessThanOrEqual((nearestErrors[row]! + damping(nearest)) * (1 + 1e-4));
    }
    const sum = (of: number[]) => of.reduce((a, b) => a + b);
    expect(sum(errors)).toBeLessThan(0.8 * sum(nearestErrors));
  });
});

test('leaves alone what channels without inputs say nothing of, and takes inputs of fewer tokens than channels', () => {
  const n = 64;
  const w = weightsOf(2, n);
  const x = inputsOf(10, n).map((value, i) => (i % n < 8 ? 0 : value));
  const made = formatNamed('Q4_0').dequantize(gptq('Q4_0', w, n, statisticsOf(x, n)), n);
  const nearest = formatNamed('Q4_0').dequantize(quantize('Q4_0', w, n), n);
  expect(made.subarray(0, 8)).toEqual(nearest.subarray(0, 8));
  expect(made.every(Number.isFinite)).toBe(true);
});

test('factors give the Hessian and its inverse', () => {
  const n = 40;
  const { products } = statisticsOf(inputsOf(60, n), n);
  const v = upperFactor(products.slice(), n)!;
  const u = inverseOfUpper(v, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let [square, identity] = [0, 0];
      for (let k = 0; k < n; k++) {
        square += v[i * n + k]! * v[j * n + k]!;
        identity += u[i * n + k]! * v[k * n + j]!;
      }
      expect(square).toBeCloseTo(products[i * n + j]!, 8);
      expect(identity).toBeCloseTo(i === j ? 1 : 0, 10);
    }
  expect(upperFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
});

test('refuses weights and inputs that are not finite, by name', () => {
  const statistics = statisticsOf(inputsOf(40, 32), 32);
  const w = weightsOf(1, 32);
  expect(() =>
    gptq(
      'Q4_0',
      w.map((value, i) => (i === 3 ? NaN : value)),
      32,
      statistics,
      'm',
    ),
  ).toThrow(/m\[0, 3\]/);
  expect(() => gptq('Q4_0', w, 32, { ...statistics, squares: statistics.squares.map(() => NaN) }, 'm')).toThrow(
    UserError,
  );
});
