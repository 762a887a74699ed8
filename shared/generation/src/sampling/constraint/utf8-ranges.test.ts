import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ByteRange, utf8Ranges } from './utf8-ranges.ts';

const matches = (ranges: readonly ByteRange[][], bytes: Uint8Array) =>
  ranges.filter(
    (sequence) =>
      sequence.length === bytes.length && sequence.every(([low, high], i) => low <= bytes[i]! && bytes[i]! <= high),
  ).length;

/** Near the places where lengths and leading bytes change. */
const codePoint = fc
  .tuple(
    fc.constantFrom(0, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x3ffff, 0x10ffff),
    fc.integer({ min: -70, max: 70 }),
  )
  .map(([near, off]) => Math.min(0x10ffff, Math.max(0, near + off)));
const isCharacter = (each: number) => each < 0xd800 || each > 0xdfff;

test('exactly the characters of the range have bytes in exactly one sequence', () => {
  fc.assert(
    fc.property(codePoint, codePoint, fc.array(codePoint, { minLength: 20 }), (a, b, others) => {
      const [first, last] = [Math.min(a, b), Math.max(a, b)];
      const ranges = utf8Ranges([first, last]);
      for (const each of [first, last, first - 1, last + 1, ...others].filter((x) => x >= 0 && x <= 0x10ffff)) {
        if (!isCharacter(each)) continue;
        const expected = each >= first && each <= last ? 1 : 0;
        expect(matches(ranges, new TextEncoder().encode(String.fromCodePoint(each)))).toBe(expected);
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('all characters together are what UTF-8 has, without surrogates and overlong forms', () => {
  const ranges = utf8Ranges([0, 0x10ffff]);
  const count = ranges.reduce((sum, bytes) => sum + bytes.reduce((n, [low, high]) => n * (high - low + 1), 1), 0);
  expect(count).toBe(0x110000 - 0x800);
  for (const wrong of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80]]) {
    expect(matches(ranges, Uint8Array.from(wrong))).toBe(0);
  }
});
