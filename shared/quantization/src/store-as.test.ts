import { describe, expect, test } from 'vitest';
import type { InputStatistics } from './calibration.ts';
import { formatNamed } from './formats/index.ts';
import { type Rounding, storeAs } from './store-as.ts';

const n = 256;
const valuesOf = (rows: number) => Float32Array.from({ length: rows * n }, (_, i) => Math.sin(1.7 * i ** 1.5));

/** Inputs of channels that have nothing to do with each other, a few of which are large. */
function inputsOf(seed: number): InputStatistics {
  const squares = Float64Array.from({ length: n }, (_, j) => ((j * 7 + seed) % 16 === 0 ? 400 : 1));
  const products = new Float64Array(n * n);
  for (let j = 0; j < n; j++) products[j * n + j] = squares[j]!;
  return { count: 10, products, squares, magnitudes: squares, maxima: squares };
}

describe.each(['Q6_K', 'Q5_K', 'Q4_K', 'Q3_K', 'Q2_K', 'IQ4_NL', 'Q4_0', 'Q5_0', 'int4-g32', 'int3-g128'])(
  '%s',
  (format) => {
    test('loses less of what is important when it is told', () => {
      const tensor = { shape: [6, n], data: valuesOf(6) };
      const inputs = inputsOf(3);
      const lossOf = (rounding?: Rounding) => {
        const made = formatNamed(format).dequantize(storeAs(format, tensor, 'm', rounding).bytes, n);
        return made.reduce((sum, value, i) => sum + (value - tensor.data[i]!) ** 2 * inputs.squares[i % n]!, 0);
      };
      expect(lossOf({ method: 'importance', inputs: [inputs] })).toBeLessThan(0.95 * lossOf());
    });
  },
);

test('each matrix of a stack has inputs of its own, and one without any is rounded to the nearest', () => {
  const shape = [3, 2, n];
  const data = valuesOf(6);
  const none = { ...inputsOf(2), count: 0 };
  for (const method of ['importance', 'gptq'] as const)
    for (const format of ['Q4_K', 'int4-g32', 'int8', 'f16']) {
      const { dequantize } = formatNamed(format);
      const stack = dequantize(
        storeAs(format, { shape, data }, 'm', { method, inputs: [inputsOf(0), inputsOf(1), none] }).bytes,
        n,
      );
      const alone = [0, 1, 2].map((at) => {
        const matrix = { shape: [2, n], data: data.subarray(at * 2 * n, (at + 1) * 2 * n) };
        const rounding = at === 2 ? undefined : { method, inputs: [inputsOf(at)] };
        return [...dequantize(storeAs(format, matrix, 'm', rounding).bytes, n)];
      });
      expect([...stack], `${method}, ${format}`).toEqual(alone.flat());
    }
});

test('what was never seen of some channels is not lost', () => {
  const inputs = inputsOf(0);
  inputs.squares.fill(0, 0, 64);
  const tensor = { shape: [1, n], data: valuesOf(1) };
  const made = formatNamed('Q4_K').dequantize(
    storeAs('Q4_K', tensor, 'm', { method: 'importance', inputs: [inputs] }).bytes,
    n,
  );
  for (let i = 0; i < 64; i++) expect(Math.abs(made[i]! - tensor.data[i]!)).toBeLessThan(0.15);
});
