/**
 * @file GGUF's Q4_0 and Q5_0 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): 32 values with one scale.
 *
 *     Q4_0, 18 bytes   0 scale (float16)   2 integers of 4 bits: value l low, value l + 16 high in byte l
 *     Q5_0, 22 bytes   0 scale (float16)   2 the fifth bits: value 8 b + k in bit k of byte b   6 as Q4_0
 *     value = scale · (integer − 8), or − 16
 *
 * The scale has the sign with which the value of largest magnitude becomes the lowest integer, which has no counterpart above.
 */
import {
  type BitField,
  halfAt,
  nearestInteger,
  packIntegers,
  putHalf,
  roundToHalf,
  unpackIntegers,
} from './bit-fields.ts';
import { fitScale, importanceWeights } from './fit-scale.ts';
import { blockFormat, type BlockQuantizer, type NumberFormat } from './number-format.ts';

const SIZE = 32;

interface Scaled {
  name: string;
  blockBytes: number;
  /** The integer of 0. */
  offset: number;
  /** Of the integers. */
  fields: readonly BitField[];
}

const FOUR_BITS: Scaled = { name: 'Q4_0', blockBytes: 18, offset: 8, fields: [{ at: 2, bits: 4, span: 16 }] };
const FIVE_BITS: Scaled = {
  name: 'Q5_0',
  blockBytes: 22,
  offset: 16,
  fields: [
    { at: 6, bits: 4, span: 16 },
    { at: 2, bits: 1, span: 1, shift: 4 },
  ],
};

const integers = new Uint8Array(SIZE);

function scaled({ name, blockBytes, offset, fields }: Scaled): NumberFormat {
  return blockFormat({
    name,
    blockSize: SIZE,
    blockBytes,
    fallback: 'f16',
    dequantizeBlock(block, values) {
      const scale = halfAt(block, 0);
      unpackIntegers(block, fields, integers);
      for (let i = 0; i < SIZE; i++) values[i] = scale * (integers[i]! - offset);
    },
  });
}

/** In float32 like ggml, step by step, to get its bits; what is rounded to the scale's half precision is not divided by. */
function quantizerOf({ offset, fields }: Scaled): BlockQuantizer {
  const levels = { lowest: -offset, nearest: (value: number) => nearestInteger(value, -offset, offset - 1), step: 0.1 };
  let [scale, inverse, step] = [0, 0, 0];
  return {
    // With an importance, the scale is fitted, as ggml does then, too.
    fit(values, importance) {
      let extreme = 0;
      for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
      const fitted = importance && fitScale(values, levels, importanceWeights(values, importance, 1));
      scale = Math.fround(fitted ?? extreme / -offset);
      inverse = inverseOf(scale);
      step = roundToHalf(scale);
    },
    round(i, value) {
      const shifted = Math.fround(Math.fround(value * inverse) + (offset + 0.5));
      const integer = Math.max(0, Math.min(2 * offset - 1, Math.trunc(shifted)));
      integers[i] = integer;
      return step * (integer - offset);
    },
    write(block) {
      putHalf(scale, block, 0);
      packIntegers(integers, fields, block);
    },
  };
}

/** 1 / scale in float32; 0 where the scale is 0, or so small that it has no inverse there: then all that it scales is 0 in half precision. */
export function inverseOf(scale: number): number {
  const inverse = Math.fround(1 / scale);
  return Number.isFinite(inverse) ? inverse : 0;
}

export const Q4_0 = scaled(FOUR_BITS);
export const Q5_0 = scaled(FIVE_BITS);
export const quantizerQ4With0 = quantizerOf(FOUR_BITS);
export const quantizerQ5With0 = quantizerOf(FIVE_BITS);
