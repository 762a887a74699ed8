/**
 * @file Integers of 8, 4, 3 and 2 bits with a scale for each group of a row; 3 and 2 bits are there to study what is lost.
 *
 *     int4-g32              0 scale s (float16)   2 integers, offset by 2^(bits − 1)
 *     int4-g32-asymmetric   0 scale s (float16)   2 zero point z (uint8)   3 integers
 *     value = s · (integer − 2^(bits − 1)), or s · (integer − z)
 *
 * Integers follow one another, the first in a byte's lowest bits; of 3 bits the lower two, and behind all of them the third ones.
 *
 * The symmetric scale is fitted, as the lowest integer has no counterpart above. The asymmetric one is the range over the largest integer; its zero point
 * is an integer, so that 0 stays 0 (Jacob et al. 2018, https://arxiv.org/abs/1712.05877).
 */
import { type BitField, halfAt, nearestInteger, packIntegers, putHalf, unpackIntegers } from './bit-fields.ts';
import { fitScale } from './fit-scale.ts';
import { blockFormat, type NumberFormat } from './number-format.ts';

const BITS = [8, 4, 3, 2] as const;
/** Where rows cannot be cut into the larger ones, the smaller are tried. */
const GROUP_SIZES = [32, 128] as const;

type Bits = (typeof BITS)[number];
type GroupSize = (typeof GROUP_SIZES)[number];

/** All of them. */
export const GROUP_FORMATS: readonly NumberFormat[] = BITS.flatMap((bits) =>
  GROUP_SIZES.flatMap((size) => [symmetric(bits, size), asymmetric(bits, size)]),
);

function symmetric(bits: Bits, size: GroupSize): NumberFormat {
  const header = 2;
  const offset = 2 ** (bits - 1);
  const fields = fieldsOf(bits, size, header);
  const integers = new Uint8Array(size);
  const integerOf = (value: number): number => nearestInteger(value, -offset, offset - 1);
  return blockFormat({
    ...sharedOf(bits, size, ''),
    description: `${bits} bits, symmetric, a scale for ${size} values`,
    blockBytes: header + (bits * size) / 8,
    quantizeBlock(values, block) {
      const scale = putHalf(fitScale(values, { lowest: -offset, nearest: integerOf, step: 0.1 }), block, 0);
      for (const [i, value] of values.entries()) integers[i] = offset + (scale === 0 ? 0 : integerOf(value / scale));
      packIntegers(integers, fields, block);
    },
    dequantizeBlock(block, values) {
      const scale = halfAt(block, 0);
      unpackIntegers(block, fields, integers);
      for (let i = 0; i < size; i++) values[i] = scale * (integers[i]! - offset);
    },
  });
}

function asymmetric(bits: Bits, size: GroupSize): NumberFormat {
  const header = 3;
  const most = 2 ** bits - 1;
  const fields = fieldsOf(bits, size, header);
  const integers = new Uint8Array(size);
  return blockFormat({
    ...sharedOf(bits, size, '-asymmetric'),
    description: `${bits} bits, asymmetric, a scale and a zero point for ${size} values`,
    blockBytes: header + (bits * size) / 8,
    quantizeBlock(values, block) {
      const low = values.reduce((least, value) => Math.min(least, value), 0);
      const high = values.reduce((largest, value) => Math.max(largest, value), 0);
      const scale = putHalf((high - low) / most, block, 0);
      const zero = scale === 0 ? 0 : nearestInteger(-low / scale, 0, most);
      block[2] = zero;
      for (const [i, value] of values.entries()) {
        integers[i] = scale === 0 ? 0 : nearestInteger(zero + value / scale, 0, most);
      }
      packIntegers(integers, fields, block);
    },
    dequantizeBlock(block, values) {
      const scale = halfAt(block, 0);
      const zero = block[2]!;
      unpackIntegers(block, fields, integers);
      for (let i = 0; i < size; i++) values[i] = scale * (integers[i]! - zero);
    },
  });
}

function sharedOf(bits: Bits, size: GroupSize, kind: string) {
  const fallback = size === 32 ? 'int8' : `int${bits}-g32${kind}`;
  return { name: `int${bits}-g${size}${kind}`, blockSize: size, fallback };
}

function fieldsOf(bits: Bits, size: GroupSize, at: number): BitField[] {
  if (bits !== 3) return [{ at, bits, span: 1 }];
  return [
    { at, bits: 2, span: 1 },
    { at: at + size / 4, bits: 1, span: 1, shift: 2 },
  ];
}
