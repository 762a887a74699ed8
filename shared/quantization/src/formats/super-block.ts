/**
 * @file What the K-quants have in common (https://github.com/ggml-org/llama.cpp/pull/1684): 256 values in groups, whose scales are integers
 * themselves, times one half-precision number for all.
 */
import { nearestInteger, putHalf } from './bit-fields.ts';
import { fitScale, fitScaleAndMinimum } from './fit-scale.ts';

/** Values of a super-block. */
export const SUPER_BLOCK = 256;

/** What is stored of a super-block: an integer for each value, and one or two for each group. */
export interface SuperBlock {
  integers: Uint8Array;
  scales: Uint8Array;
  minima: Uint8Array;
}

/** @param groups how many */
export const superBlock = (groups: number): SuperBlock => ({
  integers: new Uint8Array(SUPER_BLOCK),
  scales: new Uint8Array(groups),
  minima: new Uint8Array(groups),
});

/**
 * value ≈ d · scale · integer, where scales and integers have a sign; they are stored with −lowest added, so that they have none.
 *
 * @param of what is stored
 * @param lowest the lowest integer, and the lowest scale; the largest are one less than their magnitude
 * @param put writes d to the block, and returns it in half precision
 */
export function quantizeSymmetric(
  values: Float32Array,
  of: SuperBlock,
  lowest: { integer: number; scale: number },
  put: (d: number) => number,
): void {
  const size = SUPER_BLOCK / of.scales.length;
  const integerOf = (value: number): number => nearestInteger(value, lowest.integer, -lowest.integer - 1);
  const levels = { lowest: lowest.integer, nearest: integerOf, step: 0.1 };
  const fitted = Float64Array.from(of.scales, (_, group) =>
    fitScale(values.subarray(group * size, (group + 1) * size), levels),
  );
  const extreme = fitted.reduce((most, scale) => (Math.abs(scale) > Math.abs(most) ? scale : most), 0);
  const d = put(extreme / lowest.scale);
  for (const [group, scale] of fitted.entries()) {
    const stored = d === 0 ? 0 : nearestInteger(scale / d, lowest.scale, -lowest.scale - 1);
    of.scales[group] = stored - lowest.scale;
    for (let i = group * size; i < (group + 1) * size; i++) {
      of.integers[i] = (stored === 0 ? 0 : integerOf(values[i]! / (d * stored))) - lowest.integer;
    }
  }
}

/**
 * value ≈ d · scale · integer − dMinimum · minimum, all of them without a sign.
 *
 * @param of what is stored
 * @param most the largest integer, and the largest scale and minimum
 * @param nearZero how much values near 0 count: {@link fitScaleAndMinimum}
 * @param block gets d and dMinimum in half precision, at `at` and behind it
 */
export function quantizeWithMinima(
  values: Float32Array,
  of: SuperBlock,
  { most, nearZero }: { most: { integer: number; scale: number }; nearZero: number },
  block: Uint8Array,
  at: number,
): void {
  const size = SUPER_BLOCK / of.scales.length;
  const fitted = Array.from(of.scales, (_, group) =>
    fitScaleAndMinimum(values.subarray(group * size, (group + 1) * size), most.integer, nearZero),
  );
  const d = putHalf(Math.max(...fitted.map(({ scale }) => scale)) / most.scale, block, at);
  const dMinimum = putHalf(Math.max(...fitted.map(({ minimum }) => minimum)) / most.scale, block, at + 2);
  for (const [group, { scale, minimum }] of fitted.entries()) {
    const storedScale = d === 0 ? 0 : nearestInteger(scale / d, 0, most.scale);
    const storedMinimum = dMinimum === 0 ? 0 : nearestInteger(minimum / dMinimum, 0, most.scale);
    of.scales[group] = storedScale;
    of.minima[group] = storedMinimum;
    for (let i = group * size; i < (group + 1) * size; i++) {
      const above = values[i]! + dMinimum * storedMinimum;
      of.integers[i] = storedScale === 0 ? 0 : nearestInteger(above / (d * storedScale), 0, most.integer);
    }
  }
}

/** The values of a super-block with minima. */
export function dequantizeWithMinima(
  { integers, scales, minima }: SuperBlock,
  d: number,
  dMinimum: number,
  values: Float32Array,
): void {
  const size = SUPER_BLOCK / scales.length;
  for (const [group, scale] of scales.entries()) {
    const groupScale = d * scale;
    const minimum = dMinimum * minima[group]!;
    for (let i = group * size; i < (group + 1) * size; i++) values[i] = groupScale * integers[i]! - minimum;
  }
}
