/**
 * @file GGUF's Q4_1 and Q5_1 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): 32 values with a scale and a minimum.
 *
 *     Q4_1, 20 bytes   0 scale, 2 minimum (float16)   4 integers of 4 bits: value l low, value l + 16 high in byte l
 *     Q5_1, 24 bytes   0 scale, 2 minimum (float16)   4 the fifth bits: value 8 b + k in bit k of byte b   8 as Q4_1
 *     value = scale · integer + minimum
 */
import { type BitField, halfAt, packIntegers, putHalf, unpackIntegers } from './bit-fields.ts';
import { blockFormat, type NumberFormat } from './number-format.ts';
import { inverseOf } from './q-0.ts';

const SIZE = 32;

/** @param most the largest integer */
function scaledFromMinimum(name: string, blockBytes: number, most: number, fields: readonly BitField[]): NumberFormat {
  const integers = new Uint8Array(SIZE);
  return blockFormat({
    name,
    description: `${name.charAt(1)} bits, a scale and a minimum for 32 values`,
    blockSize: SIZE,
    blockBytes,
    fallback: 'f16',
    // In float32 like ggml, step by step, to get its bits.
    quantizeBlock(values, block) {
      const minimum = values.reduce((least, value) => Math.min(least, value), Infinity);
      const maximum = values.reduce((largest, value) => Math.max(largest, value), -Infinity);
      const scale = Math.fround(Math.fround(maximum - minimum) / most);
      const inverse = inverseOf(scale);
      for (const [i, value] of values.entries()) {
        const shifted = Math.fround(Math.fround(Math.fround(value - minimum) * inverse) + 0.5);
        integers[i] = Math.min(most, Math.trunc(shifted));
      }
      putHalf(scale, block, 0);
      putHalf(minimum, block, 2);
      packIntegers(integers, fields, block);
    },
    dequantizeBlock(block, values) {
      const scale = halfAt(block, 0);
      const minimum = halfAt(block, 2);
      unpackIntegers(block, fields, integers);
      for (let i = 0; i < SIZE; i++) values[i] = scale * integers[i]! + minimum;
    },
  });
}

export const Q4_1 = scaledFromMinimum('Q4_1', 20, 15, [{ at: 4, bits: 4, span: 16 }]);
export const Q5_1 = scaledFromMinimum('Q5_1', 24, 31, [
  { at: 8, bits: 4, span: 16 },
  { at: 4, bits: 1, span: 1, shift: 4 },
]);
