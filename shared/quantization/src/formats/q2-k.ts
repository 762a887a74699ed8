/**
 * @file GGUF's Q2_K: 256 values in 16 groups, each with a scale and a minimum of 4 bits.
 *
 *     84 bytes    0 scale of group j in the low, minimum in the high half of byte j
 *                16 integers of 2 bits: of each 128 values, l, l + 32, l + 64, l + 96 in byte l
 *                80 d, 82 dMinimum (float16)
 *     value = d · scale · integer − dMinimum · minimum
 */
import { type BitField, halfAt, packIntegers, unpackIntegers } from './bit-fields.ts';
import { blockFormat } from './number-format.ts';
import { dequantizeWithMinima, quantizerWithMinima, SUPER_BLOCK, superBlock } from './super-block.ts';

const GROUPS = 16;
const FIELDS: readonly BitField[] = [{ at: 16, bits: 2, span: 32 }];
const stored = superBlock(GROUPS);

export const Q2_K = blockFormat({
  name: 'Q2_K',
  blockSize: SUPER_BLOCK,
  blockBytes: 84,
  fallback: 'IQ4_NL',
  dequantizeBlock(block, values) {
    unpackIntegers(block, FIELDS, stored.integers);
    for (let group = 0; group < GROUPS; group++) {
      stored.scales[group] = block[group]! & 15;
      stored.minima[group] = block[group]! >> 4;
    }
    dequantizeWithMinima(stored, halfAt(block, 80), halfAt(block, 82), values);
  },
});

export const quantizerQ2K = quantizerWithMinima(
  GROUPS,
  { most: { integer: 3, scale: 15 }, nearZero: 1 / 16, variance: 1, at: 80 },
  ({ integers, scales, minima }, block) => {
    packIntegers(integers, FIELDS, block);
    for (let group = 0; group < GROUPS; group++) block[group] = scales[group]! | (minima[group]! << 4);
  },
);
