import { describe, expect, test } from 'vitest';
import { numberFormats } from './index.ts';
import { quantize } from './quantize.ts';

/**
 * The data, measures and limits of ggml's own test of its quantizations, test-quantize-fns: 4096 values 0.1 + 2 cos(i + offset); ‖error‖₂ / n; and the
 * error of a product with other such values in Q8_0, again divided by n.
 */
const N = 4096;
const waves = (offset: number) => Float32Array.from({ length: N }, (_, i) => 0.1 + 2 * Math.cos(i + offset));

/** By the bits of an integer; others have the limit of 4 bits and more. */
const TOTAL_ERROR: Readonly<Record<string, number>> = { 2: 0.0075, 3: 0.004 };
const PRODUCT_ERROR = 0.02;
/** Plain rounding to 4 levels, of which one is 0: what ggml has no format like. */
const WORSE_PRODUCTS: Readonly<Record<string, number>> = { 'int2-g32-asymmetric': 0.07, 'int2-g128-asymmetric': 0.07 };

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);

describe.each([...numberFormats.values()])('$name', (format) => {
  const bits = /^(?:int|Q|IQ)(\d)/.exec(format.name)?.[1] ?? '';
  const x = waves(0);
  const back = format.dequantize(quantize(format.name, x, N), N);

  test('loses no more in all', () => {
    const error = Math.sqrt(x.reduce((sum, value, i) => sum + (value - back[i]!) ** 2, 0)) / N;
    expect(error).toBeLessThan(TOTAL_ERROR[bits] ?? 0.002);
  });

  test('loses no more in a product', () => {
    const y = waves(1);
    const q8 = numberFormats.get('Q8_0')!;
    const product = dot(back, q8.dequantize(quantize('Q8_0', y, N), N));
    expect(Math.abs(product - dot(x, y)) / N).toBeLessThan(WORSE_PRODUCTS[format.name] ?? PRODUCT_ERROR);
  });
});
