/** @file What documents are made of: bytes, characters, words, lengths, counted over their UTF-8 in one pass. */

import { hashSet } from './hash-set.ts';

/** Sums over the documents of a split. */
export interface Measures {
  documents: number;
  bytes: number;
  /** Unicode code points. */
  characters: number;
  /** Running words. */
  words: number;
  /** Distinct words; no more than {@link MAX_VOCABULARY}. */
  vocabulary: number;
  shortestBytes: number;
  longestBytes: number;
  /** lengths[i] documents have 2^(i-1) ≤ bytes < 2^i; lengths[0] is for empty ones. */
  lengths: number[];
}

/** Distinct words that are told apart: more are not counted, so that the memory for them stays under 128 MB. */
export const MAX_VOCABULARY = 2 ** 22;

const isWord = new Uint8Array(256);
const folded = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const upper = byte >= 0x41 && byte <= 0x5a;
  folded[byte] = upper ? byte + 32 : byte;
  isWord[byte] = Number(upper || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte >= 0x80);
}

/**
 * A measure that goes from document to document. A word is a run of letters, digits, characters outside ASCII, and of
 * apostrophes (' and ’) between them; upper and lower case of ASCII letters are the same. Punctuation of U+2000 … U+203F
 * (“, ”, –, …) separates words. Words are told apart by 64-bit hashes: of a million, two are confused with a probability of
 * about 3·10⁻⁸.
 */
export function documentMeasure(): { add: (bytes: Uint8Array, length: number) => void; measures: () => Measures } {
  const vocabulary = hashSet();
  const sums = { documents: 0, bytes: 0, characters: 0, words: 0, shortestBytes: Infinity, longestBytes: 0 };
  const lengths: number[] = [];

  function addWord(a: number, b: number): void {
    // Mixed once more: multiplication leaves the low bits of a hash to the low bits of the text.
    if (vocabulary.size < MAX_VOCABULARY) vocabulary.add(mix(a ^ (b >>> 15)), mix(b));
  }

  function add(bytes: Uint8Array, length: number): void {
    let continuations = 0;
    let words = 0;
    // No closure captures these: they live in registers, which makes the loop several times faster.
    let a = 0;
    let b = 0;
    let inWord = false;
    for (let at = 0; at < length; at++) {
      const byte = bytes[at]!;
      if ((byte & 0xc0) === 0x80) continuations++;
      let partOfWord = isWord[byte] === 1;
      if (byte === 0x27) partOfWord = inWord && startsWord(bytes, at + 1, length);
      else if (byte === 0xe2 && at + 2 < length && bytes[at + 1] === 0x80) {
        partOfWord = bytes[at + 2] === 0x99 && inWord && startsWord(bytes, at + 3, length);
        if (!partOfWord) {
          continuations += 2;
          at += 2;
        }
      }
      if (!partOfWord) {
        if (inWord) {
          words++;
          addWord(a, b);
          inWord = false;
        }
        continue;
      }
      if (!inWord) {
        a = 0x2545f491;
        b = 0x1b873593;
        inWord = true;
      }
      const unit = folded[byte]!;
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(((b << 5) | (b >>> 27)) ^ unit, 0x9e3779b1);
    }
    if (inWord) {
      words++;
      addWord(a, b);
    }
    sums.documents++;
    sums.bytes += length;
    sums.characters += length - continuations;
    sums.words += words;
    sums.shortestBytes = Math.min(sums.shortestBytes, length);
    sums.longestBytes = Math.max(sums.longestBytes, length);
    const bucket = length === 0 ? 0 : 32 - Math.clz32(length);
    while (lengths.length <= bucket) lengths.push(0);
    lengths[bucket]!++;
  }

  return {
    add,
    measures: () => ({
      ...sums,
      shortestBytes: sums.documents === 0 ? 0 : sums.shortestBytes,
      vocabulary: vocabulary.size,
      lengths: [...lengths],
    }),
  };
}

/** Whether a letter, a digit or the like is there, and no punctuation. */
function startsWord(bytes: Uint8Array, at: number, length: number): boolean {
  if (at >= length || isWord[bytes[at]!] === 0) return false;
  return bytes[at] !== 0xe2 || at + 1 >= length || bytes[at + 1] !== 0x80;
}

function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
