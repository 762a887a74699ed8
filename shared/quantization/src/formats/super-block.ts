/**
 * @file What the K-quants have in common (https://github.com/ggml-org/llama.cpp/pull/1684): 256 values in groups, whose scales are integers
 * themselves, times one half-precision number for all.
 */
import { nearestInteger, putHalf, roundToHalf } from './bit-fields.ts';
import { fitScale, fitScaleAndMinimum, importanceWeights } from './fit-scale.ts';
import type { BlockQuantizer } from './number-format.ts';

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

/** The part of a block's values that a group has. */
const partOf = (values: Float32Array, group: number, size: number): Float32Array =>
  values.subarray(group * size, (group + 1) * size);

/**
 * value ≈ d · scale · integer, where scales and integers have a sign; they are stored with −lowest added, so that they have none.
 *
 * @param lowest the lowest integer, and the lowest scale; the largest are one less than their magnitude
 * @param pack writes what is stored, and d, which is in half precision
 */
export function symmetricQuantizer(
  groups: number,
  lowest: { integer: number; scale: number },
  pack: (of: SuperBlock, d: number, block: Uint8Array) => void,
): BlockQuantizer {
  const of = superBlock(groups);
  const size = SUPER_BLOCK / groups;
  const integerOf = (value: number): number => nearestInteger(value, lowest.integer, -lowest.integer - 1);
  const levels = { lowest: lowest.integer, nearest: integerOf, step: 0.1 };
  const steps = new Float64Array(groups);
  let d = 0;
  return {
    fit(values, importance) {
      const weights = importance && importanceWeights(values, importance, 1);
      const fitted = Float64Array.from(of.scales, (_, group) =>
        fitScale(partOf(values, group, size), levels, weights && partOf(weights, group, size)),
      );
      const extreme = fitted.reduce((most, scale) => (Math.abs(scale) > Math.abs(most) ? scale : most), 0);
      d = roundToHalf(extreme / lowest.scale);
      for (const [group, scale] of fitted.entries()) {
        const stored = d === 0 ? 0 : nearestInteger(scale / d, lowest.scale, -lowest.scale - 1);
        of.scales[group] = stored - lowest.scale;
        steps[group] = d * stored;
      }
    },
    round(i, value) {
      const step = steps[Math.floor(i / size)]!;
      const integer = step === 0 ? 0 : integerOf(value / step);
      of.integers[i] = integer - lowest.integer;
      return step * integer;
    },
    write: (block) => pack(of, d, block),
  };
}

/**
 * value ≈ d · scale · integer − dMinimum · minimum, all of them without a sign.
 *
 * @param most the largest integer, and the largest scale and minimum
 * @param nearZero how much values near 0 count: {@link fitScaleAndMinimum}
 * @param variance times which the mean square is a part of a value's weight: {@link importanceWeights}
 * @param at where d and dMinimum go, in half precision
 * @param pack writes the rest
 */
export function quantizerWithMinima(
  groups: number,
  {
    most,
    nearZero,
    variance,
    at,
  }: { most: { integer: number; scale: number }; nearZero: number; variance: number; at: number },
  pack: (of: SuperBlock, block: Uint8Array) => void,
): BlockQuantizer {
  const of = superBlock(groups);
  const size = SUPER_BLOCK / groups;
  const [steps, offsets] = [new Float64Array(groups), new Float64Array(groups)];
  let [d, dMinimum] = [0, 0];
  return {
    fit(values, importance) {
      const weights = importance && importanceWeights(values, importance, variance);
      const fitted = Array.from(of.scales, (_, group) =>
        fitScaleAndMinimum(
          partOf(values, group, size),
          most.integer,
          nearZero,
          weights && partOf(weights, group, size),
        ),
      );
      d = roundToHalf(Math.max(...fitted.map(({ scale }) => scale)) / most.scale);
      dMinimum = roundToHalf(Math.max(...fitted.map(({ minimum }) => minimum)) / most.scale);
      for (const [group, { scale, minimum }] of fitted.entries()) {
        of.scales[group] = d === 0 ? 0 : nearestInteger(scale / d, 0, most.scale);
        of.minima[group] = dMinimum === 0 ? 0 : nearestInteger(minimum / dMinimum, 0, most.scale);
        steps[group] = d * of.scales[group]!;
        offsets[group] = dMinimum * of.minima[group]!;
      }
    },
    round(i, value) {
      const group = Math.floor(i / size);
      const [step, offset] = [steps[group]!, offsets[group]!];
      const integer = step === 0 ? 0 : nearestInteger((value + offset) / step, 0, most.integer);
      of.integers[i] = integer;
      return step * integer - offset;
    },
    write(block) {
      putHalf(d, block, at);
      putHalf(dMinimum, block, at + 2);
      pack(of, block);
    },
  };
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
