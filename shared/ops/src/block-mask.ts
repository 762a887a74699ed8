/** @file Masks of any form for attention, in blocks that are made once (FlexAttention, Dong et al. 2024, https://arxiv.org/abs/2412.05496). */

/** Positions in a block, of queries and of keys. */
const BLOCK = 64;
/** Words of 32 bits in a block's bitmap. */
const BITMAP_WORDS = (BLOCK * BLOCK) / 32;
/** Entries of a table; from 2 on, the number of a bitmap, plus 2. */
const [EMPTY, FULL, FIRST_BITMAP] = [0, 1, 2];

/**
 * Whether a query sees a key, by their positions from 0 on. Asked once of each pair that comes up, and of some that do not (up to the end of their blocks):
 * a function of the two numbers and of nothing else.
 */
export type MaskPredicate = (query: number, key: number) => boolean;

/** A mask's blocks as kernels take them. They do not change where a kernel that waits reads them: blocks are added in places that none has asked for. */
export type MaskBlocks = {
  /** Blocks in a row of the table, and rows. */
  maskSide: number;
  /** Of the block of queries i and keys j, at [i · maskSide + j]: 0 where none sees any, 1 where each sees all, or 2 + the number of a bitmap. */
  maskTable: Int32Array;
  /** Of each query of a block 64 bits in two words, the lowest for the first key: [bitmaps, 64, 2]. */
  bitmaps: Int32Array;
};

/** A predicate, and its blocks as far as somebody asked for them. */
export interface BlockMask {
  readonly predicate: MaskPredicate;
  /** The blocks of the queries [first, last) and the first `keys` keys, and what other blocks there are. */
  blocksFor(first: number, last: number, keys: number): MaskBlocks;
}

/**
 * Makes a mask of a predicate. Blocks are made when they are needed, and kept: longer sequences add theirs, and a step of generation at position p takes those
 * of p's row. Equal bitmaps are there once. One for a model's layers, which is kept as long as the model, costs least.
 */
export function maskOf(predicate: MaskPredicate): BlockMask {
  const bitmapNumbers = new Map<string, number>();
  /** For each row of the table, how many of its blocks were made. */
  const made: number[] = [];
  let blocks: MaskBlocks = { maskSide: 0, maskTable: new Int32Array(0), bitmaps: new Int32Array(0) };

  function entryOf(row: number, column: number): number {
    const { bits, count } = bitmapOf(predicate, row * BLOCK, column * BLOCK);
    if (count === 0) return EMPTY;
    if (count === BLOCK * BLOCK) return FULL;
    const key = String.fromCharCode(...new Uint16Array(bits.buffer));
    const known = bitmapNumbers.get(key);
    if (known !== undefined) return FIRST_BITMAP + known;
    const number = bitmapNumbers.size;
    bitmapNumbers.set(key, number);
    if (number * BITMAP_WORDS === blocks.bitmaps.length) {
      const bitmaps = new Int32Array(Math.max(4 * BITMAP_WORDS, 2 * blocks.bitmaps.length));
      bitmaps.set(blocks.bitmaps);
      blocks = { ...blocks, bitmaps };
    }
    blocks.bitmaps.set(bits, number * BITMAP_WORDS);
    return FIRST_BITMAP + number;
  }

  /** A table for more blocks: larger than is asked for after the first time, so that a text that grows does not need one for each block. */
  function grow(side: number): void {
    const maskSide = blocks.maskSide === 0 ? side : Math.max(side, 2 * blocks.maskSide);
    const maskTable = new Int32Array(maskSide * maskSide);
    for (let row = 0; row < blocks.maskSide; row++) {
      maskTable.set(blocks.maskTable.subarray(row * blocks.maskSide, (row + 1) * blocks.maskSide), row * maskSide);
    }
    blocks = { ...blocks, maskSide, maskTable };
  }

  return {
    predicate,
    blocksFor(first, last, keys) {
      const [rows, columns] = [Math.ceil(last / BLOCK), Math.ceil(keys / BLOCK)];
      const side = Math.max(rows, columns);
      if (side > blocks.maskSide) grow(side);
      for (let row = Math.floor(first / BLOCK); row < rows; row++) {
        for (let column = made[row] ?? 0; column < columns; column++) {
          blocks.maskTable[row * blocks.maskSide + column] = entryOf(row, column);
        }
        made[row] = Math.max(made[row] ?? 0, columns);
      }
      return blocks;
    },
  };
}

/** Which of a block's queries see which of its keys, and how many pairs there are. */
function bitmapOf(
  predicate: MaskPredicate,
  firstQuery: number,
  firstKey: number,
): { bits: Int32Array<ArrayBuffer>; count: number } {
  const bits = new Int32Array(BITMAP_WORDS);
  let count = 0;
  for (let i = 0; i < BLOCK; i++) {
    for (let j = 0; j < BLOCK; j++) {
      if (!predicate(firstQuery + i, firstKey + j)) continue;
      bits[2 * i + (j >> 5)]! |= 1 << (j & 31);
      count++;
    }
  }
  return { bits, count };
}

/** Whether a query sees a key, of blocks that have both. */
export function isSeen({ maskSide, maskTable, bitmaps }: MaskBlocks, query: number, key: number): boolean {
  const entry = maskTable[Math.floor(query / BLOCK) * maskSide + Math.floor(key / BLOCK)];
  if (entry === undefined || entry === EMPTY || entry === FULL) return entry === FULL;
  const word = (entry - FIRST_BITMAP) * BITMAP_WORDS + 2 * (query % BLOCK) + ((key % BLOCK) >> 5);
  return ((bitmaps[word] ?? 0) & (1 << (key & 31))) !== 0;
}
