/**
 * @file GGUF's Q4_1 and Q5_1 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): 32 values with a scale and a minimum.
 *
 *     Q4_1, 20 bytes   0 scale, 2 minimum (float16)   4 integers of 4 bits: value l low, value l + 16 high in byte l
 *     Q5_1, 24 bytes   0 scale, 2 minimum (float16)   4 the fifth bits: value 8 b + k in bit k of byte b   8 as Q4_1
 *     value = scale · integer + minimum
 */
import { type BitField, halfAt, packIntegers, putHalf, roundToHalf, unpackIntegers } from './bit-fields.ts';
import { blockFormat, type BlockQuantizer, type NumberFormat } from './number-format.ts';
import { inverseOf } from './q-0.ts';

const SIZE = 32;

interface Scaled {
  name: string;
  blockBytes: number;
  /** The largest integer. */
  most: number;
  /** Of the integers. */
  fields: readonly BitField[];
}

const FOUR_BITS: Scaled = { name: 'Q4_1', blockBytes: 20, most: 15, fields: [{ at: 4, bits: 4, span: 16 }] };
const FIVE_BITS: Scaled = {
  name: 'Q5_1',
  blockBytes: 24,
  most: 31,
  fields: [
    { at: 8, bits: 4, span: 16 },
    { at: 4, bits: 1, span: 1, shift: 4 },
  ],
};

const integers = new Uint8Array(SIZE);

function scaled({ name, blockBytes, fields }: Scaled): NumberFormat {
  return blockFormat({
    name,
    blockSize: SIZE,
    blockBytes,
    fallback: 'f16',
    dequantizeBlock(block, values) {
      const scale = halfAt(block, 0);
      const minimum = halfAt(block, 2);
      unpackIntegers(block, fields, integers);
      for (let i = 0; i < SIZE; i++) values[i] = scale * integers[i]! + minimum;
    },
  });
}

/** In float32 like ggml, step by step, to get its bits. Values are of the same importance, whatever is said of it. */
function quantizerOf({ most, fields }: Scaled): BlockQuantizer {
  let [scale, minimum, inverse, step, offset] = [0, 0, 0, 0, 0];
  return {
    fit(values) {
      minimum = values.reduce((least, value) => Math.min(least, value), Infinity);
      const maximum = values.reduce((largest, value) => Math.max(largest, value), -Infinity);
      scale = Math.fround(Math.fround(maximum - minimum) / most);
      inverse = inverseOf(scale);
      [step, offset] = [roundToHalf(scale), roundToHalf(minimum)];
    },
    round(i, value) {
      const shifted = Math.fround(Math.fround(Math.fround(value - minimum) * inverse) + 0.5);
      const integer = Math.max(0, Math.min(most, Math.trunc(shifted)));
      integers[i] = integer;
      return step * integer + offset;
    },
    write(block) {
      putHalf(scale, block, 0);
      putHalf(minimum, block, 2);
      packIntegers(integers, fields, block);
    },
  };
}

export const Q4_1 = scaled(FOUR_BITS);
export const Q5_1 = scaled(FIVE_BITS);
export const quantizerQ4With1 = quantizerOf(FOUR_BITS);
export const quantizerQ5With1 = quantizerOf(FIVE_BITS);
