/**
 * @file GGUF's Q6_K: 256 values in 16 groups, each with a scale of 8 bits.
 *
 *     210 bytes    0 four bits: of each 128 values, l low and l + 64 high in byte l
 *                128 the upper two: of each 128 values, l, l + 32, l + 64, l + 96 in byte l
 *                192 scales (int8)
 *                208 d (float16)
 *     value = d · scale · (integer − 32)
 */
import { type BitField, halfAt, packIntegers, putHalf, unpackIntegers } from './bit-fields.ts';
import { blockFormat } from './number-format.ts';
import { SUPER_BLOCK, superBlock, symmetricQuantizer } from './super-block.ts';

const GROUPS = 16;
const SCALES_AT = 192;
const FIELDS: readonly BitField[] = [
  { at: 0, bits: 4, span: 64 },
  { at: 128, bits: 2, span: 32, shift: 4 },
];
const LOWEST = { integer: -32, scale: -128 };
const stored = superBlock(GROUPS);

export const Q6_K = blockFormat({
  name: 'Q6_K',
  blockSize: SUPER_BLOCK,
  blockBytes: 210,
  fallback: 'Q8_0',
  dequantizeBlock(block, values) {
    const d = halfAt(block, 208);
    unpackIntegers(block, FIELDS, stored.integers);
    for (let i = 0; i < SUPER_BLOCK; i++) {
      const scale = d * ((block[SCALES_AT + (i >> 4)]! << 24) >> 24);
      values[i] = scale * (stored.integers[i]! + LOWEST.integer);
    }
  },
});

export const quantizerQ6K = symmetricQuantizer(GROUPS, LOWEST, ({ integers, scales }, d, block) => {
  putHalf(d, block, 208);
  packIntegers(integers, FIELDS, block);
  for (const [group, scale] of scales.entries()) block[SCALES_AT + group] = scale + LOWEST.scale;
});
