/** @file Pre-tokenization of UTF-8: cuts bytes into the pieces that no merge crosses. Written by hand, as it is the inner loop of training and encoding. */

import { characterAt, endOfRun, LETTER, lengthOf, NUMBER, SYMBOL, WHITE } from './character-classes.ts';
import type { PreTokenPattern } from './patterns.ts';

/** The end of the pre-token that begins at `start` in the text `bytes[start ... end - 1]`, which is not empty. */
export type PreTokenizer = (bytes: Uint8Array, start: number, end: number) => number;

const SPACE = 0x20;
const APOSTROPHE = 0x27;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * How a pattern cuts text: the regular expressions of `testing/pre-tokens.ts` on bytes. Pre-tokens are contiguous and not empty.
 * A byte that is not UTF-8 is a symbol. Takes time in proportion to the text.
 */
export function preTokenizer(pattern: PreTokenPattern): PreTokenizer {
  switch (pattern) {
    case 'gpt2':
      return endOfGpt2;
    case 'llama3':
      return (bytes, start, end) => endOfLlama3(bytes, start, end, 3);
    case 'qwen2':
      return (bytes, start, end) => endOfLlama3(bytes, start, end, 1);
    case 'none':
      return (_bytes, _start, end) => end;
  }
}

/** '(?:[stmd]|re|ve|ll)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
function endOfGpt2(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]!;
  if (first === APOSTROPHE) {
    const contraction = endOfContraction(bytes, start, end, false);
    if (contraction > start) return contraction;
  }
  const body = first === SPACE ? start + 1 : start;
  if (body < end) {
    const kind = characterAt(bytes, body, end) & (LETTER | NUMBER | SYMBOL);
    if (kind !== 0) return endOfRun(bytes, body, end, kind);
  }
  return endOfWhiteSpace(bytes, start, end);
}

/**
 * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *
 * @param digits numbers in one pre-token: 3 for Llama 3, 1 for Qwen2.
 */
function endOfLlama3(bytes: Uint8Array, start: number, end: number, digits: number): number {
  const first = bytes[start]!;
  if (first === APOSTROPHE) {
    const contraction = endOfContraction(bytes, start, end, true);
    if (contraction > start) return contraction;
  }
  const character = characterAt(bytes, start, end);
  const second = start + lengthOf(character);
  if ((character & LETTER) !== 0) return endOfRun(bytes, second, end, LETTER);
  if ((character & NUMBER) !== 0) return endOfNumbers(bytes, second, end, digits - 1);
  if (first !== NEWLINE && first !== RETURN) {
    const letters = endOfRun(bytes, second, end, LETTER);
    if (letters > second) return letters;
  }
  const body = first === SPACE ? second : start;
  const symbols = endOfRun(bytes, body, end, SYMBOL);
  if (symbols > body) return endOfNewlines(bytes, symbols, end);

  const newlines = endOfLastNewline(bytes, start, end);
  return newlines > start ? newlines : endOfWhiteSpace(bytes, start, end);
}

/** The end of 's 't 'm 'd 're 've 'll at an apostrophe; `start` where none of them stands there. */
function endOfContraction(bytes: Uint8Array, start: number, end: number, anyCase: boolean): number {
  const lower = (at: number): number => (at < end ? bytes[at]! | (anyCase ? 0x20 : 0) : 0);
  const [first, second] = [lower(start + 1), lower(start + 2)];
  switch (first) {
    case 0x73: // s
    case 0x74: // t
    case 0x6d: // m
    case 0x64: // d
      return start + 2;
    case 0x72: // re
    case 0x76: // ve
      return second === 0x65 ? start + 3 : start;
    case 0x6c: // ll
      return second === 0x6c ? start + 3 : start;
  }
  // ſ (long s, U+017F) is s where case does not matter.
  if (anyCase && start + 2 < end && bytes[start + 1] === 0xc5 && bytes[start + 2] === 0xbf) return start + 3;
  return start;
}

/** \p{N}{0,most} */
function endOfNumbers(bytes: Uint8Array, at: number, end: number, most: number): number {
  for (; most > 0 && at < end; most--) {
    const character = characterAt(bytes, at, end);
    if ((character & NUMBER) === 0) break;
    at += lengthOf(character);
  }
  return at;
}

/** [\r\n]* */
function endOfNewlines(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && (bytes[at] === NEWLINE || bytes[at] === RETURN)) at++;
  return at;
}

/** \s*[\r\n]+: up to the last newline of a run of white space; `start` where it has none. */
function endOfLastNewline(bytes: Uint8Array, start: number, end: number): number {
  let at = endOfRun(bytes, start, end, WHITE);
  while (at > start && bytes[at - 1] !== NEWLINE && bytes[at - 1] !== RETURN) at--;
  return at;
}

/** \s+(?!\S)|\s+: the last of several white spaces before other text belongs to that text. */
function endOfWhiteSpace(bytes: Uint8Array, start: number, end: number): number {
  const after = endOfRun(bytes, start, end, WHITE);
  if (after === end) return end;
  let last = after - 1;
  while ((bytes[last]! & 0xc0) === 0x80) last--;
  return last > start ? last : after;
}
