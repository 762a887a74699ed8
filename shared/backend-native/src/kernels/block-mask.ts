/** @file The blocks of attention's masks as kernels take them. */
import type { KernelArguments } from './kernel.ts';

const NOTHING = new Int32Array(0);
/** Words in the bitmap of a block. */
const BITMAP_WORDS = 128;

/** maskSide, bitmapCount, maskTable and bitmaps of attributes, or those of no mask. */
export function maskArguments({
  maskSide = 0,
  maskTable = NOTHING,
  bitmaps = NOTHING,
}: KernelArguments['attrs']): readonly [number, number, Int32Array, Int32Array] {
  const words = bitmaps as Int32Array;
  return [maskSide as number, words.length / BITMAP_WORDS, maskTable as Int32Array, words];
}
