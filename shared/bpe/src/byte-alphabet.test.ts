/** @file Tests of the byte alphabet. */

import { expect, test } from 'vitest';
import { BYTE_CHARACTERS, BYTES_IN_ALPHABET_ORDER, spellBytes, unspellBytes } from './byte-alphabet.ts';

test('space, newline and tab are spelled as in the vocabulary of GPT-2', () => {
  expect(spellBytes(Buffer.from('a b\n\té'))).toBe('aĠbĊĉÃ©');
});

test('the alphabet has 256 distinct characters and begins with ! as in the vocabulary of GPT-2', () => {
  expect(new Set(BYTE_CHARACTERS).size).toBe(256);
  const characters = BYTES_IN_ALPHABET_ORDER.map((byte) => BYTE_CHARACTERS[byte]!);
  expect(characters.slice(0, 3)).toEqual(['!', '"', '#']);
  // GPT-2's vocab.json: "~": 93, "¡": 94, "ÿ": 187, "Ā": 188, "Ċ": 198, "Ġ": 220, "Ń": 255.
  expect(['~', '¡', 'ÿ', 'Ā', 'Ċ', 'Ġ', 'Ń'].map((character) => characters.indexOf(character))).toEqual([
    93, 94, 187, 188, 198, 220, 255,
  ]);
});

test('spelling is undone exactly, and strings that spell no bytes are recognised', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(unspellBytes(spellBytes(all))).toEqual(all);
  expect(unspellBytes('a b')).toBeUndefined();
  expect(unspellBytes('▁the')).toBeUndefined();
});
