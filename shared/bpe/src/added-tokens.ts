/** @file Finds added tokens in a text, as Hugging Face's tokenizers do. */

import { characterAt, endOfRun, lengthOf, WHITE } from './character-classes.ts';
import { type AddedToken, latin1 } from './model.ts';

/** A token to look for, and the bytes that stand for it. */
export interface SoughtToken {
  readonly bytes: Uint8Array;
  readonly token: AddedToken;
  /** A special token, which counts only where special tokens are allowed. */
  readonly special: boolean;
}

/**
 * Calls `found` for each token in `bytes[start ... end - 1]`, from left to right: which it is, and what it takes of the text.
 *
 * @param allowSpecial whether special tokens count; where not they are text, and hide what is found within them.
 */
export type TokenFinder = (
  bytes: Uint8Array,
  start: number,
  end: number,
  allowSpecial: boolean,
  found: (from: number, to: number, id: number) => void,
) => void;

/**
 * Prepares a search that finds at each place the longest token, and goes on behind it. Memory is that of the tokens; time at a
 * place grows with the length of what tokens have in common with the text there, and hardly with their number.
 *
 * @param tokens of several with the same bytes, the first counts.
 * @returns undefined where there are none.
 */
export function createTokenFinder(tokens: readonly SoughtToken[]): TokenFinder | undefined {
  if (tokens.length === 0) return undefined;
  // In the order of their bytes, so that those that begin alike stand together.
  const keys = tokens.map(({ bytes }) => latin1(bytes));
  const order = Array.from(tokens.keys()).sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
  const sorted = order.filter((token, i) => i === 0 || keys[token] !== keys[order[i - 1]!]).map((i) => tokens[i]!);
  const count = sorted.length;
  /** Tokens that begin with byte b: firstOf[b] ... firstOf[b + 1] - 1. */
  const firstOf = new Int32Array(257);
  for (const { bytes } of sorted) firstOf[bytes[0]! + 1]!++;
  for (let byte = 0; byte < 256; byte++) firstOf[byte + 1]! += firstOf[byte]!;

  /** The first of the tokens low ... high - 1, alike up to `depth`, whose next byte is `byte` or more. */
  function lowerBound(low: number, high: number, depth: number, byte: number): number {
    while (low < high) {
      const middle = (low + high) >> 1;
      const { bytes } = sorted[middle]!;
      if (bytes.length > depth && bytes[depth]! >= byte) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The longest token at a place, or -1. */
  function longestAt(bytes: Uint8Array, at: number, end: number): number {
    let [low, high] = [firstOf[bytes[at]!]!, firstOf[bytes[at]! + 1]!];
    let longest = -1;
    for (let depth = 1; low < high; depth++) {
      if (sorted[low]!.bytes.length === depth) longest = low++; // the shortest comes first
      if (low === high || at + depth >= end) break;
      const byte = bytes[at + depth]!;
      low = lowerBound(low, high, depth, byte);
      high = lowerBound(low, high, depth, byte + 1);
    }
    return longest < count ? longest : -1;
  }

  return (bytes, start, end, allowSpecial, found) => {
    let taken = start; // up to here the text belongs to a token
    for (let at = start; at < end;) {
      const index = longestAt(bytes, at, end);
      if (index < 0) {
        at++;
        continue;
      }
      const { token, special, bytes: spelling } = sorted[index]!;
      let [from, to] = [at, at + spelling.length];
      at = to;
      if (special && !allowSpecial) continue;
      if (token.singleWord && (endsWithWord(bytes, start, from) || startsWithWord(bytes, to, end))) continue;
      if (token.lstrip) from = Math.max(taken, startOfWhite(bytes, start, from));
      if (token.rstrip) to = endOfRun(bytes, to, end, WHITE);
      found(Math.max(from, taken), to, token.id);
      taken = to;
    }
  };
}

const TEXT = new TextDecoder();

/** \w of Rust's regular expressions. */
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

function startsWithWord(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && isWord(bytes, at, at + lengthOf(characterAt(bytes, at, end)));
}

function endsWithWord(bytes: Uint8Array, start: number, at: number): boolean {
  return at > start && isWord(bytes, startOfCharacter(bytes, start, at), at);
}

function isWord(bytes: Uint8Array, from: number, to: number): boolean {
  return WORD.test(TEXT.decode(bytes.subarray(from, to)));
}

/** Where the white space that ends at `at` begins. */
function startOfWhite(bytes: Uint8Array, start: number, at: number): number {
  while (at > start) {
    const before = startOfCharacter(bytes, start, at);
    if ((characterAt(bytes, before, at) & WHITE) === 0) break;
    at = before;
  }
  return at;
}

/** Where the character that ends at `at` begins; a byte that is not UTF-8 is a character. */
function startOfCharacter(bytes: Uint8Array, start: number, at: number): number {
  for (let length = 1; length <= 4 && at - length >= start; length++) {
    if ((bytes[at - length]! & 0xc0) === 0x80) continue;
    return lengthOf(characterAt(bytes, at - length, at)) === length ? at - length : at - 1;
  }
  return at - 1;
}
