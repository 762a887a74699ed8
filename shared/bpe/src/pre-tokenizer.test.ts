/** @file Tests of pre-tokenization of bytes: it cuts as the regular expressions do. */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PreTokenPattern } from './patterns.ts';
import { preTokens } from './testing/pre-tokens.ts';
import { preTokenizer } from './pre-tokenizer.ts';

const PATTERNS = ['gpt2', 'llama3', 'qwen2', 'none'] as const;

/** Lengths of the pre-tokens of a text that stands within other bytes. */
function cut(text: Uint8Array, pattern: PreTokenPattern): number[] {
  const bytes = new Uint8Array(text.length + 6).fill(0x73);
  bytes.set(text, 3);
  const endOf = preTokenizer(pattern);
  const lengths: number[] = [];
  for (let at = 3; at < text.length + 3;) {
    const end = endOf(bytes, at, text.length + 3);
    if (end <= at || end > text.length + 3) throw new Error(`a pre-token from ${at} to ${end}`);
    lengths.push(end - at);
    at = end;
  }
  return lengths;
}

const byRegex = (text: string, pattern: PreTokenPattern): number[] =>
  [...preTokens(text, pattern)].map((piece) => Buffer.byteLength(piece));

const PIECES = [
  [' ', '  ', '\t', '\n', '\r\n', '\r', '\v', '\u00a0', '\u3000', '\u2028', '\u0085', '\ufeff', '\u200b', '\u180e'],
  ["'", "'s", "'S", "'ſ", "'re", "'rE", "'VE", "'ll", "'lL", "'l", "'d", "'m", "'T", '’s'],
  ['a', 'Z', 'é', 'e\u0301', 'ſ', 'K', '漢字', 'ا', 'क्ष', '𝔘', 'ª', 'ꟲ'],
  ['1', '12345', '٣', 'Ⅷ', '½', '𝟘', '一'],
  ['.', '!!', '_', '-', '👩‍👩‍👧', '🇫🇷', '\0', '\x7f', '\u{10ffff}', '\ufffd', '€'],
].flat();
const mixedText = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ unit: 'binary', maxLength: 3 })))
  .map((pieces) => Buffer.from(pieces.join('')).toString()); // without lone surrogates

describe.each(PATTERNS)('%s', (pattern) => {
  test('cuts any Unicode text as the regular expression does', () => {
    fc.assert(
      fc.property(mixedText, (text) => {
        expect(cut(Buffer.from(text), pattern)).toEqual(byRegex(text, pattern));
      }),
      { numRuns: 1500 },
    );
  });

  test('cuts after and before every code point as the regular expression does', () => {
    const text = Array.from({ length: 0x110000 }, (_, code) =>
      code >= 0xd800 && code < 0xe000 ? '' : `${String.fromCodePoint(code)}${code % 3 === 0 ? 'a ' : ' '}`,
    );
    // One in eleven blocks of 256 for the sake of time, and the whole Basic Latin ... Arabic range.
    const chosen = text.filter((_, code) => code < 0x700 || (code >> 8) % 11 === 3).join('');
    expect(Buffer.from(cut(Buffer.from(chosen), pattern))).toEqual(Buffer.from(byRegex(chosen, pattern)));
  });

  test('covers any bytes, and takes a byte that is not UTF-8 for a symbol', () => {
    const bytes = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(...PIECES.map((p) => Buffer.from(p)))),
    );
    fc.assert(
      fc.property(bytes, (parts) => {
        const text = Buffer.concat(parts);
        const lengths = cut(text, pattern);
        expect(lengths.reduce((a, b) => a + b, 0)).toBe(text.length);
        // The same text with a symbol of one byte in place of each byte that belongs to no character.
        expect(lengths).toEqual(cut(Buffer.from(withoutInvalidBytes(text), 'utf8'), pattern));
      }),
    );
  });
});

/** Decodes with the engine's decoder, character by character; "\x01" for each byte that it refuses. */
function withoutInvalidBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length;) {
    let length = 4;
    for (; length > 0; length--) {
      try {
        const character = decoder.decode(bytes.subarray(at, at + length));
        if ([...character].length !== 1) continue;
        text += character;
        break;
      } catch {
        // not one character: look at fewer bytes
      }
    }
    if (length === 0) text += '\x01';
    at += Math.max(1, length);
  }
  return text;
}

test('takes time in proportion to the text where white space has no end', () => {
  const spaces = new Uint8Array(4_000_000).fill(0x20);
  spaces[0] = 0x0a;
  expect(cut(spaces, 'llama3')).toEqual([1, 3_999_999]);
  expect(cut(spaces, 'gpt2')).toEqual([4_000_000]);
});
