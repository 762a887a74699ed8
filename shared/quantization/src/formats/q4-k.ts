/**
 * @file GGUF's Q4_K and Q5_K: 256 values in 8 groups, each with a scale and a minimum of 6 bits.
 *
 *     Q4_K, 144 bytes    0 d, 2 dMinimum (float16)
 *                        4 scales and minima, 12 bytes: {@link packScales}
 *                       16 integers of 4 bits: of each 64 values, l low and l + 32 high in byte l
 *     Q5_K, 176 bytes   16 the fifth bits: value 32 k + l in bit k of byte l   48 as Q4_K's
 *     value = d · scale · integer − dMinimum · minimum
 */
import { type BitField, halfAt, packIntegers, unpackIntegers } from './bit-fields.ts';
import { blockFormat, type BlockQuantizer, type NumberFormat } from './number-format.ts';
import { dequantizeWithMinima, quantizerWithMinima, SUPER_BLOCK, superBlock, type SuperBlock } from './super-block.ts';

const GROUPS = 8;
const SCALES_AT = 4;

interface WithMinima {
  name: string;
  blockBytes: number;
  bits: number;
  fallback: string;
  /** Of the integers. */
  fields: readonly BitField[];
}

const FOUR_BITS: WithMinima = {
  name: 'Q4_K',
  blockBytes: 144,
  bits: 4,
  fallback: 'Q5_0',
  fields: [{ at: 16, bits: 4, span: 32 }],
};
const FIVE_BITS: WithMinima = {
  name: 'Q5_K',
  blockBytes: 176,
  bits: 5,
  fallback: 'Q5_1',
  fields: [
    { at: 48, bits: 4, span: 32 },
    { at: 16, bits: 1, span: 32, shift: 4 },
  ],
};

const stored = superBlock(GROUPS);

function withMinima({ name, blockBytes, fallback, fields }: WithMinima): NumberFormat {
  return blockFormat({
    name,
    blockSize: SUPER_BLOCK,
    blockBytes,
    fallback,
    dequantizeBlock(block, values) {
      unpackScales(block, stored);
      unpackIntegers(block, fields, stored.integers);
      dequantizeWithMinima(stored, halfAt(block, 0), halfAt(block, 2), values);
    },
  });
}

function quantizerOf({ bits, fields }: WithMinima): BlockQuantizer {
  const of = { most: { integer: 2 ** bits - 1, scale: 63 }, nearZero: 1, variance: 2, at: 0 };
  return quantizerWithMinima(GROUPS, of, (values, block) => {
    packScales(values, block);
    packIntegers(values.integers, fields, block);
  });
}

/**
 * Scales of the groups 0 to 3 are the lower 6 bits of four bytes, their minima those of the next four. Groups 4 to 7 have their lower 4 bits in the
 * last four bytes, the scale's low and the minimum's high, and the upper 2 where the first groups leave room: of group 4 in the bytes of group 0.
 */
function packScales({ scales, minima }: SuperBlock, block: Uint8Array): void {
  for (let j = 0; j < 4; j++) {
    block[SCALES_AT + j] = scales[j]! | ((scales[j + 4]! >> 4) << 6);
    block[SCALES_AT + 4 + j] = minima[j]! | ((minima[j + 4]! >> 4) << 6);
    block[SCALES_AT + 8 + j] = (scales[j + 4]! & 15) | ((minima[j + 4]! & 15) << 4);
  }
}

function unpackScales(block: Uint8Array, { scales, minima }: SuperBlock): void {
  for (let j = 0; j < 4; j++) {
    const [ofScales, ofMinima, rest] = [block[SCALES_AT + j]!, block[SCALES_AT + 4 + j]!, block[SCALES_AT + 8 + j]!];
    scales[j] = ofScales & 63;
    minima[j] = ofMinima & 63;
    scales[j + 4] = (rest & 15) | ((ofScales >> 6) << 4);
    minima[j + 4] = (rest >> 4) | ((ofMinima >> 6) << 4);
  }
}

export const Q4_K = withMinima(FOUR_BITS);
export const Q5_K = withMinima(FIVE_BITS);
export const quantizerQ4K = quantizerOf(FOUR_BITS);
export const quantizerQ5K = quantizerOf(FIVE_BITS);
