import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { dequantizeInt8, isQuantizable, quantizeInt8, storedBytes, type FloatTensor } from './int8.ts';

/** Matrices of 1..6 × 1..9 with entries over the whole range in which a row's scale is a normal float32. */
const matrix: fc.Arbitrary<FloatTensor> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: -60, max: 60 }))
  .chain(([rows, columns, exponent]) =>
    fc
      .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: rows * columns, maxLength: rows * columns })
      .map((values) => ({ shape: [rows, columns], data: Float32Array.from(values, (value) => value * 2 ** exponent) })),
  );

describe('quantizeInt8', () => {
  test('gives the values and scales worked out by hand, row by row', () => {
    // Row 0: scale 1. Row 1: scale 0.5. Halves go away from zero, on both sides.
    const { values, scales } = quantizeInt8({
      shape: [2, 4],
      data: Float32Array.of(127, 2.5, -2.5, -0.4, -63.5, 0.25, 0.24, 10),
    });
    expect(Array.from(scales)).toEqual([1, 0.5]);
    expect(Array.from(values)).toEqual([127, 3, -3, 0, -127, 1, 0, 20]);
  });

  test('keeps every element within half a step of its row', () => {
    fc.assert(
      fc.property(matrix, (tensor) => {
        const quantized = quantizeInt8(tensor);
        const { data } = dequantizeInt8(quantized);
        const columns = tensor.shape[1]!;
        for (const [i, value] of data.entries()) {
          // Beyond scale / 2: the float32 rounding of the scale (2⁻²⁴ of the value) and of the product (the same again).
          const rounding = 2 ** -23 * Math.abs(tensor.data[i]!);
          const step = quantized.scales[Math.floor(i / columns)]!;
          // A row whose scale would be subnormal is zeros; its elements are below 127 * 2⁻¹²⁶.
          const bound = step === 0 ? 127 * 2 ** -126 : step / 2 + rounding;
          expect(Math.abs(value - tensor.data[i]!)).toBeLessThanOrEqual(bound);
        }
      }),
      { seed: 1 },
    );
  });

  test('is exact for tensors that int8 can represent', () => {
    const row = fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 7, maxLength: 7 });
    // A scale of 16 bits times 127 fits float32's 24 bits, so that no product here is rounded.
    const scale = fc.integer({ min: 1, max: 2 ** 16 - 1 }).map((mantissa) => mantissa / 2 ** 20);
    fc.assert(
      fc.property(row, scale, (integers, step) => {
        const data = Float32Array.from([127, ...integers], (integer) => integer * step);
        const quantized = quantizeInt8({ shape: [1, 8], data });
        expect(quantized.scales[0]).toBe(step);
        expect(Array.from(quantized.values)).toEqual([127, ...integers]);
        expect(dequantizeInt8(quantized).data).toEqual(data);
      }),
      { seed: 1 },
    );
  });

  test('gives the same integers when its own result is quantized again', () => {
    fc.assert(
      fc.property(matrix, (tensor) => {
        const once = quantizeInt8(tensor);
        expect(quantizeInt8(dequantizeInt8(once)).values).toEqual(once.values);
      }),
      { seed: 1 },
    );
  });

  test('is symmetric: the negated tensor has the negated values and the same scales', () => {
    fc.assert(
      fc.property(matrix, ({ shape, data }) => {
        const positive = quantizeInt8({ shape, data });
        const negative = quantizeInt8({ shape, data: data.map((value) => -value) });
        expect(negative.scales).toEqual(positive.scales);
        expect(negative.values).toEqual(positive.values.map((value) => -value));
      }),
      { seed: 1 },
    );
  });

  test('stores a row of zeros, or of numbers too small for a normal scale, as zeros with scale 0', () => {
    const quantized = quantizeInt8({ shape: [3, 2], data: Float32Array.of(0, -0, 1e-40, -1e-37, 1, 0.5) });
    expect(Array.from(quantized.scales.subarray(0, 2))).toEqual([0, 0]);
    expect(Array.from(dequantizeInt8(quantized).data.subarray(0, 4))).toEqual([0, 0, 0, 0]);
    expect(Array.from(quantized.values.subarray(4))).toEqual([127, 64]);
  });

  test('never reaches −128, even for the largest float32', () => {
    const largest = 3.4028234663852886e38;
    const { values } = quantizeInt8({ shape: [1, 2], data: Float32Array.of(-largest, largest) });
    expect(Array.from(values)).toEqual([-127, 127]);
  });

  test('treats the last axis as a row, in a stack of matrices as in one', () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i - 5);
    const cube = quantizeInt8({ shape: [2, 3, 2], data });
    const matrixOfIt = quantizeInt8({ shape: [6, 2], data });
    expect(cube.values).toEqual(matrixOfIt.values);
    expect(cube.scales).toEqual(matrixOfIt.scales);
  });

  test.each([NaN, Infinity, -Infinity])('refuses a weight of %d and says where it is', (bad) => {
    const tensor = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, bad) };
    expect(() => quantizeInt8(tensor, 'model.layers.0.mlp.up_proj.weight')).toThrow(UserError);
    expect(() => quantizeInt8(tensor, 'model.layers.0.mlp.up_proj.weight')).toThrow('up_proj.weight[1, 2]');
  });
});

describe('storedBytes', () => {
  test('counts the bytes of the arrays that quantizing gives', () => {
    const { values, scales } = quantizeInt8({ shape: [5, 7], data: new Float32Array(35).fill(1) });
    expect(storedBytes([5, 7])).toBe(values.byteLength + scales.byteLength);
  });

  test('counts 4 bytes an element for a vector, which stays float32', () => {
    expect(isQuantizable([288])).toBe(false);
    expect(storedBytes([288])).toBe(1152);
    expect(isQuantizable([4096, 288])).toBe(true);
  });
});
