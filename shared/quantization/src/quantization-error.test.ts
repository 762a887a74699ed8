import { expect, test } from 'vitest';
import { dequantizeInt8, quantizeInt8 } from './int8.ts';
import { quantizationError } from './quantization-error.ts';

const tensor = (...values: number[]) => ({ shape: [1, values.length], data: Float32Array.from(values) });

test('gives the numbers worked out by hand', () => {
  // e = (0, 0, 1, −2); ‖e‖² = 5; ‖w‖² = 9 + 16 + 1 + 4 = 30
  const error = quantizationError(tensor(3, 4, 1, -2), tensor(3, 4, 0, 0));
  expect(error.maximumAbsolute).toBe(2);
  expect(error.rootMeanSquare).toBeCloseTo(Math.sqrt(5 / 4), 12);
  expect(error.relative).toBeCloseTo(Math.sqrt(5 / 30), 12);
  expect(error.signalToNoiseDb).toBeCloseTo(10 * Math.log10(6), 12);
});

test('is zero error and infinite signal to noise for equal tensors, zeros included', () => {
  const none = { maximumAbsolute: 0, rootMeanSquare: 0, relative: 0, signalToNoiseDb: Infinity };
  expect(quantizationError(tensor(1, -2), tensor(1, -2))).toEqual(none);
  expect(quantizationError(tensor(0, 0), tensor(0, 0))).toEqual(none);
});

test('is an infinite relative error where zeros became something else', () => {
  expect(quantizationError(tensor(0, 0), tensor(0, 1)).relative).toBe(Infinity);
});

test('int8 of uniform weights has the signal to noise that theory gives', () => {
  // Multiples of the golden ratio modulo 1 are evenly spread over [0, 1).
  const data = Float32Array.from({ length: 64 * 256 }, (_, i) => ((i * 0.6180339887498949) % 1) * 2 - 1);
  const original = { shape: [64, 256], data };
  const { signalToNoiseDb } = quantizationError(original, dequantizeInt8(quantizeInt8(original)));
  // Uniform on ±127 steps: signal 127²/3, noise 1/12 steps², i.e. 20 log₁₀(254) = 48.10 dB. The sample of 16384 and
  // the rows' maxima slightly under 1 move it by less than 0.2 dB.
  expect(signalToNoiseDb).toBeGreaterThan(48.1 - 0.2);
  expect(signalToNoiseDb).toBeLessThan(48.1 + 0.2);
});
