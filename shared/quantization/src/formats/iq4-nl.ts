/**
 * @file GGUF's IQ4_NL: 32 values with one scale, of 16 levels that are denser around 0, as weights are.
 *
 *     18 bytes   0 scale (float16)   2 indices of 4 bits: value l low, value l + 16 high in byte l
 *     value = scale · level[index]
 */
import { type BitField, halfAt, packIntegers, putHalf, roundToHalf, unpackIntegers } from './bit-fields.ts';
import { fitScale, importanceWeights } from './fit-scale.ts';
import { blockFormat, type BlockQuantizer } from './number-format.ts';

const SIZE = 32;
const LEVELS = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
const FIELDS: readonly BitField[] = [{ at: 2, bits: 4, span: 16 }];
const indices = new Uint8Array(SIZE);

export const IQ4_NL = blockFormat({
  name: 'IQ4_NL',
  blockSize: SIZE,
  blockBytes: 18,
  fallback: 'f16',
  dequantizeBlock(block, values) {
    const step = halfAt(block, 0);
    unpackIntegers(block, FIELDS, indices);
    for (let i = 0; i < SIZE; i++) values[i] = step * LEVELS[indices[i]!]!;
  },
});

let scale = 0;

export const quantizerIq4Nl: BlockQuantizer = {
  fit(values, importance) {
    const levels = { lowest: LEVELS[0]!, nearest: (value: number) => LEVELS[nearestIndex(value)]!, step: 1 };
    scale = roundToHalf(fitScale(values, levels, importance && importanceWeights(values, importance, 2)));
  },
  round(i, value) {
    const index = nearestIndex(scale === 0 ? 0 : value / scale);
    indices[i] = index;
    return scale * LEVELS[index]!;
  },
  write(block) {
    putHalf(scale, block, 0);
    packIntegers(indices, FIELDS, block);
  },
};

/** The index of the level next to a value. */
function nearestIndex(value: number): number {
  let index = 0;
  while (index < LEVELS.length - 1 && value - LEVELS[index]! > LEVELS[index + 1]! - value) index++;
  return index;
}
