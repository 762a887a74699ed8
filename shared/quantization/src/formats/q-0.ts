/**
 * @file GGUF's Q4_0 and Q5_0 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): 32 values with one scale.
 *
 *     Q4_0, 18 bytes   0 scale (float16)   2 integers of 4 bits: value l low, value l + 16 high in byte l
 *     Q5_0, 22 bytes   0 scale (float16)   2 the fifth bits: value 8 b + k in bit k of byte b   6 as Q4_0
 *     value = scale · (integer − 8), or − 16
 *
 * The scale has the sign with which the value of largest magnitude becomes the lowest integer, which has no counterpart above.
 */
import { type BitField, halfAt, packIntegers, putHalf, unpackIntegers } from './bit-fields.ts';
import { blockFormat, type NumberFormat } from './number-format.ts';

const SIZE = 32;

/**
 * @param offset the integer of 0
 * @param fields of the integers
 */
function scaled(name: string, blockBytes: number, offset: number, fields: readonly BitField[]): NumberFormat {
  const integers = new Uint8Array(SIZE);
  return blockFormat({
    name,
    description: `${name.charAt(1)} bits, a scale for 32 values`,
    blockSize: SIZE,
    blockBytes,
    fallback: 'f16',
    // In float32 like ggml, step by step, to get its bits; what is rounded to the scale's half precision is not divided by.
    quantizeBlock(values, block) {
      let extreme = 0;
      for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
      const scale = Math.fround(extreme / -offset);
      const inverse = inverseOf(scale);
      for (const [i, value] of values.entries()) {
        const shifted = Math.fround(Math.fround(value * inverse) + (offset + 0.5));
        integers[i] = Math.min(2 * offset - 1, Math.trunc(shifted));
      }
      putHalf(scale, block, 0);
      packIntegers(integers, fields, block);
    },
    dequantizeBlock(block, values) {
      const scale = halfAt(block, 0);
      unpackIntegers(block, fields, integers);
      for (let i = 0; i < SIZE; i++) values[i] = scale * (integers[i]! - offset);
    },
  });
}

/** 1 / scale in float32; 0 where the scale is 0, or so small that it has no inverse there: then all that it scales is 0 in half precision. */
export function inverseOf(scale: number): number {
  const inverse = Math.fround(1 / scale);
  return Number.isFinite(inverse) ? inverse : 0;
}

export const Q4_0 = scaled('Q4_0', 18, 8, [{ at: 2, bits: 4, span: 16 }]);
export const Q5_0 = scaled('Q5_0', 22, 16, [
  { at: 6, bits: 4, span: 16 },
  { at: 2, bits: 1, span: 1, shift: 4 },
]);
