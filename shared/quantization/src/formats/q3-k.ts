/**
 * @file GGUF's Q3_K: 256 values in 16 groups, each with a scale of 6 bits.
 *
 *     110 bytes    0 the third bits: of each 256 values, 32 k + l in bit k of byte l
 *                 32 two bits: of each 128 values, l, l + 32, l + 64, l + 96 in byte l
 *                 96 four bits of the scales: those of groups l and l + 8 in byte l
 *                104 their upper two: those of groups l, l + 4, l + 8, l + 12 in byte l
 *                108 d (float16)
 *     value = d · (scale − 32) · (integer − 4)
 */
import { type BitField, halfAt, packIntegers, putHalf, unpackIntegers } from './bit-fields.ts';
import { blockFormat } from './number-format.ts';
import { SUPER_BLOCK, superBlock, symmetricQuantizer } from './super-block.ts';

const GROUPS = 16;
const INTEGERS: readonly BitField[] = [
  { at: 32, bits: 2, span: 32 },
  { at: 0, bits: 1, span: 32, shift: 2 },
];
const SCALES: readonly BitField[] = [
  { at: 96, bits: 4, span: 8 },
  { at: 104, bits: 2, span: 4, shift: 4 },
];
const LOWEST = { integer: -4, scale: -32 };
const stored = superBlock(GROUPS);

export const Q3_K = blockFormat({
  name: 'Q3_K',
  blockSize: SUPER_BLOCK,
  blockBytes: 110,
  fallback: 'IQ4_NL',
  dequantizeBlock(block, values) {
    const d = halfAt(block, 108);
    unpackIntegers(block, INTEGERS, stored.integers);
    unpackIntegers(block, SCALES, stored.scales);
    for (let i = 0; i < SUPER_BLOCK; i++) {
      const scale = d * (stored.scales[i >> 4]! + LOWEST.scale);
      values[i] = scale * (stored.integers[i]! + LOWEST.integer);
    }
  },
});

export const quantizerQ3K = symmetricQuantizer(GROUPS, LOWEST, ({ integers, scales }, d, block) => {
  putHalf(d, block, 108);
  packIntegers(integers, INTEGERS, block);
  packIntegers(scales, SCALES, block);
});
