/** @file Strict UTF-8 decoding, against the platform's TextDecoder. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8, isWellFormed } from './utf8.ts';

function unlessThrown(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

test('accepts exactly what a fatal TextDecoder accepts, with the same text', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  // Bytes around the boundaries of the encoding's table are far likelier here than among random bytes.
  const byte = fc.oneof(
    fc.constantFrom(0x00, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff),
    fc.nat(255),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 6 }), (values) => {
      const bytes = Buffer.from(values);
      expect(unlessThrown(() => decodeUtf8(bytes, 'a.txt', 0))).toBe(unlessThrown(() => decoder.decode(bytes)));
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test.each([
  ['a Latin-1 letter', [0x63, 0x61, 0x66, 0xe9, 0x20], 3],
  ['a character cut at the end', [0x61, 0xf0, 0x9f, 0x90], 1],
  ['an overlong form', [0x61, 0x62, 0xc0, 0x80], 2],
  ['a surrogate', [0xed, 0xa0, 0x80], 0],
  ['a stray continuation byte', [0xc3, 0xa9, 0x80], 2],
])('%s is reported at its first byte in the file', (_, bytes, at) => {
  expect(() => decodeUtf8(Buffer.from(bytes), 'a.txt', 1000)).toThrow(`a.txt, byte ${1000 + at}`);
});

test('only halves of surrogate pairs that stand alone are not well-formed', () => {
  expect(isWellFormed('a 🐉')).toBe(true);
  expect(isWellFormed('\ud83d')).toBe(false);
  expect(isWellFormed('\udc09\ud83d')).toBe(false);
});
