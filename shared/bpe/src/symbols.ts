/** @file The distinct words of a corpus as tokens in one flat array, in which the trainer merges pairs where they stand. */

import { UserError } from '@arrowsmith/errors';
import type { WordCounts } from './word-table.ts';

/** Stands between words, where no merge crosses. */
export const BORDER = -1;
/** Stands at bytes within a token. */
const INSIDE = -2;

/**
 * A token stands at its first and at its last byte (the boundary tags of memory allocators), so that both its neighbours are
 * found from its length: the next begins where it ends, and the one before ends where it begins.
 */
export interface Symbols {
  /** Id at the first and the last byte of each token, {@link BORDER} before, between and behind words. */
  readonly ids: Int32Array;
  /** A bit for each place: 1 where a border is. */
  readonly borders: Int32Array;
  /** Borders before the places of each element of `borders`. */
  readonly bordersBefore: Int32Array;
  /** Occurrences of each word in the corpus. */
  readonly counts: Float64Array;
}

/** A word's bytes become its first tokens. */
export function toSymbols({ bytes, starts, counts }: WordCounts, byteIds: Int32Array): Symbols {
  const size = bytes.length + counts.length + 1;
  if (size >= 2 ** 31) {
    throw new UserError({
      what: 'the text has too many distinct pre-tokens to learn merges from',
      expected: 'less than 2 GiB of distinct pre-tokens',
      found: `${counts.length} of them with ${bytes.length} bytes`,
      fix: 'choose the pattern "gpt2", "llama3" or "qwen2", or train on less text',
    });
  }
  const ids = new Int32Array(size).fill(BORDER);
  const borders = new Int32Array((size >>> 5) + 1);
  borders[0] = 1;
  for (let word = 0, at = 1; word < counts.length; word++, at++) {
    for (let i = starts[word]!; i < starts[word + 1]!; i++, at++) ids[at] = byteIds[bytes[i]!]!;
    borders[at >>> 5]! |= 1 << (at & 31);
  }
  const bordersBefore = new Int32Array(borders.length);
  for (let i = 1; i < borders.length; i++) bordersBefore[i] = bordersBefore[i - 1]! + ones(borders[i - 1]!);
  return { ids, borders, bordersBefore, counts };
}

/** The word that a place within one belongs to: the number of borders before it, in a sixteenth of the memory of a list of words. */
export function wordAt({ borders, bordersBefore }: Symbols, place: number): number {
  const upTo = -1 >>> (31 - (place & 31));
  return bordersBefore[place >>> 5]! + ones(borders[place >>> 5]! & upTo) - 1;
}

/** Bits of a number that are 1 (Warren, Hacker's Delight, section 5-1). */
function ones(bits: number): number {
  let sums = bits - ((bits >>> 1) & 0x55555555);
  sums = (sums & 0x33333333) + ((sums >>> 2) & 0x33333333);
  return Math.imul((sums + (sums >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Joins the token of `leftLength` bytes at `position` and the one of `rightLength` bytes behind it. */
export function joinAt(
  ids: Int32Array,
  position: number,
  leftLength: number,
  rightLength: number,
  product: number,
): void {
  const right = position + leftLength;
  // What stood between the new first and last byte is no border of tokens any longer.
  ids[right - 1] = INSIDE;
  ids[right] = INSIDE;
  ids[position] = product;
  ids[right + rightLength - 1] = product;
}
