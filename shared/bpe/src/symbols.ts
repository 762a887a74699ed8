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
  /** The word that each byte belongs to. */
  readonly words: Int32Array;
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
  const words = new Int32Array(size);
  for (let word = 0, at = 1; word < counts.length; word++, at++) {
    for (let i = starts[word]!; i < starts[word + 1]!; i++, at++) {
      ids[at] = byteIds[bytes[i]!]!;
      words[at] = word;
    }
  }
  return { ids, words, counts };
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
