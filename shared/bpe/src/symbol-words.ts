/** @file The distinct words of a corpus as symbols, in which the trainer merges pairs. */

import type { Pacer } from './pacer.ts';

/** Words as ids in one flat array, and how often each occurs. A word shrinks in place as its pairs are merged. */
export interface SymbolWords {
  /** Ids of all words, one after the other. */
  readonly symbols: Int32Array;
  /** Where each word begins in `symbols`. */
  readonly starts: Float64Array;
  /** How many symbols each word has now. */
  readonly lengths: Int32Array;
  /** Occurrences of each word in the corpus. */
  readonly counts: Float64Array;
}

/** A word's bytes become its first symbols. */
export async function toSymbolWords(
  wordCounts: ReadonlyMap<string, number>,
  byteIds: Int32Array,
  pacer: Pacer,
): Promise<SymbolWords> {
  let bytes = 0;
  for (const word of wordCounts.keys()) bytes += Buffer.byteLength(word);

  const symbols = new Int32Array(bytes);
  const starts = new Float64Array(wordCounts.size);
  const lengths = new Int32Array(wordCounts.size);
  const counts = new Float64Array(wordCounts.size);
  let word = 0;
  let end = 0;
  for (const [text, count] of wordCounts) {
    const utf8 = Buffer.from(text);
    starts[word] = end;
    lengths[word] = utf8.length;
    counts[word] = count;
    for (const byte of utf8) symbols[end++] = byteIds[byte]!;
    word++;
    if (pacer.due()) await pacer.pause();
  }
  return { symbols, starts, lengths, counts };
}

/**
 * Replaces a pair by its product in one word, from left to right, and reports how the pairs beside it change: those that
 * break up occur one time less, those that come into being one time more. The pair itself is not reported.
 */
export function mergeInWord(
  { symbols, starts, lengths }: SymbolWords,
  word: number,
  [left, right]: readonly [left: number, right: number],
  product: number,
  onChange: (left: number, right: number, change: 1 | -1) => void,
): void {
  const start = starts[word]!;
  const end = start + lengths[word]!;
  let write = start;
  for (let read = start; read < end; write++) {
    if (symbols[read] !== left || read + 1 >= end || symbols[read + 1] !== right) {
      symbols[write] = symbols[read++]!;
      continue;
    }
    if (write > start) {
      const previous = symbols[write - 1]!;
      onChange(previous, left, -1);
      onChange(previous, product, 1);
    }
    if (read + 2 < end) {
      const next = symbols[read + 2]!;
      onChange(right, next, -1);
      onChange(product, next, 1);
    }
    symbols[write] = product;
    read += 2;
  }
  lengths[word] = write - start;
}
