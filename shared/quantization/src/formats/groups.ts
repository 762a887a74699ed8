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

interface Group {
  name: string;
  bits: number;
  size: number;
  isAsymmetric: boolean;
  fallback: string;
  fields: readonly BitField[];
}

/** Where rows cannot be cut into groups of 128, those of 32 are tried. */
const GROUPS: readonly Group[] = ([8, 4, 3, 2] as const).flatMap((bits) =>
  [32, 128].flatMap((size) =>
    [false, true].map((isAsymmetric) => {
      const kind = isAsymmetric ? '-asymmetric' : '';
      return {
        name: `int${bits}-g${size}${kind}`,
        bits,
        size,
        isAsymmetric,
        fallback: size === 32 ? 'int8' : `int${bits}-g32${kind}`,
        fields: fieldsOf(bits, size, headerOf(isAsymmetric)),
      };
    }),
  ),
);

/** Bytes before the integers. */
function headerOf(isAsymmetric: boolean): number {
  return isAsymmetric ? 3 : 2;
}

function fieldsOf(bits: 8 | 4 | 3 | 2, size: number, at: number): BitField[] {
  if (bits !== 3) return [{ at, bits, span: 1 }];
  return [
    { at, bits: 2, span: 1 },
    { at: at + size / 4, bits: 1, span: 1, shift: 2 },
  ];
}

/** All of them. */
export const GROUP_FORMATS: readonly NumberFormat[] = GROUPS.map(
  ({ name, bits, size, isAsymmetric, fallback, fields }) => {
    const integers = new Uint8Array(size);
    return blockFormat({
      name,
      blockSize: size,
      blockBytes: headerOf(isAsymmetric) + (bits * size) / 8,
      fallback,
      dequantizeBlock(block, values) {
        const scale = halfAt(block, 0);
        const zero = isAsymmetric ? block[2]! : 2 ** (bits - 1);
        unpackIntegers(block, fields, integers);
        for (let i = 0; i < size; i++) values[i] = scale * (integers[i]! - zero);
      },
    });
  },
);

/** What quantizes to them, by name. */
export const groupQuantizers = (): [string, BlockQuantizer][] =>
  GROUPS.map((group) => [group.name, group.isAsymmetric ? asymmetricQuantizer(group) : symmetricQuantizer(group)]);

function symmetricQuantizer({ bits, size, fields }: Group): BlockQuantizer {
  const integers = new Uint8Array(size);
  const offset = 2 ** (bits - 1);
  const integerOf = (value: number): number => nearestInteger(value, -offset, offset - 1);
  const levels = { lowest: -offset, nearest: integerOf, step: 0.1 };
  let scale = 0;
  return {
    fit(values, importance) {
      scale = roundToHalf(fitScale(values, levels, importance && importanceWeights(values, importance, 1)));
    },
    round(i, value) {
      const integer = scale === 0 ? 0 : integerOf(value / scale);
      integers[i] = offset + integer;
      return scale * integer;
    },
    write(block) {
      putHalf(scale, block, 0);
      packIntegers(integers, fields, block);
    },
  };
}

/** Values are of the same importance, whatever is said of it: the scale is their range. */
function asymmetricQuantizer({ bits, size, fields }: Group): BlockQuantizer {
  const integers = new Uint8Array(size);
  const most = 2 ** bits - 1;
  let [scale, zero] = [0, 0];
  return {
    fit(values) {
      const low = values.reduce((least, value) => Math.min(least, value), 0);
      const high = values.reduce((largest, value) => Math.max(largest, value), 0);
      scale = roundToHalf((high - low) / most);
      zero = scale === 0 ? 0 : nearestInteger(-low / scale, 0, most);
    },
    round(i, value) {
      const integer = scale === 0 ? 0 : nearestInteger(zero + value / scale, 0, most);
      integers[i] = integer;
      return scale * (integer - zero);
    },
    write(block) {
      putHalf(scale, block, 0);
      block[2] = zero;
      packIntegers(integers, fields, block);
    },
  };
}
