import { describe, expect, test } from 'vitest';
import { isSeen, maskOf } from './block-mask.ts';
import * as predicates from './testing/masks.ts';

describe.each(Object.values(predicates))('the blocks of a mask: $name', (predicate) => {
  test('say what the predicate says, however they were asked for', () => {
    const mask = maskOf(predicate);
    for (const [first, last, keys] of [
      [3, 5, 70],
      [0, 130, 130],
      [199, 200, 200],
      [150, 160, 400],
    ] as const) {
      const blocks = mask.blocksFor(first, last, keys);
      for (let query = first; query < last; query++) {
        for (let key = 0; key < keys; key++) expect(isSeen(blocks, query, key)).toBe(predicate(query, key));
      }
    }
  });
});

describe('a mask', () => {
  test('asks its predicate once for each pair of positions, and for a step of generation only for its row', () => {
    let calls = 0;
    const mask = maskOf((query, key) => {
      calls++;
      return key <= query;
    });
    mask.blocksFor(0, 64, 64);
    expect(calls).toBe(64 * 64);
    mask.blocksFor(0, 128, 128);
    expect(calls).toBe(4 * 64 * 64);
    mask.blocksFor(0, 100, 100);
    mask.blocksFor(127, 128, 128);
    expect(calls).toBe(4 * 64 * 64);
    mask.blocksFor(640, 641, 641);
    expect(calls).toBe(15 * 64 * 64);
  });

  test('has equal bitmaps once, and none for blocks that are empty or full', () => {
    const { maskTable, bitmaps } = maskOf(predicates.causal).blocksFor(0, 256, 256);
    expect(Array.from(maskTable)).toEqual([2, 0, 0, 0, 1, 2, 0, 0, 1, 1, 2, 0, 1, 1, 1, 2]);
    expect(bitmaps.subarray(0, 6)).toEqual(Int32Array.of(1, 0, 3, 0, 7, 0));
    expect(bitmaps.subarray(126, 128)).toEqual(Int32Array.of(-1, -1));
  });
});
