import { expect, test } from 'vitest';
import { readNumber } from './values.ts';

test('numbers are read as they are written', () => {
  expect(readNumber('temperature', '0.7', { least: 0 })).toBe(0.7);
  expect(readNumber('temperature', '1e-1', { least: 0 })).toBe(0.1);
  expect(readNumber('topP', '1', { above: 0, most: 1 })).toBe(1);
  expect(readNumber('length', '40', { least: 1, whole: true })).toBe(40);
  expect(readNumber('length', undefined, { least: 1 })).toBeUndefined();
});

test.each([
  ['temperature', '-1', { least: 0 }, /a number of at least 0/],
  ['temperature', 'hot', { least: 0 }, /found: +hot/],
  ['temperature', '', { least: 0 }, /found: +nothing/],
  ['temperature', 'Infinity', { least: 0 }, /--temperature=Infinity is not understood/],
  ['temperature', '1e999', { least: 0 }, /--temperature=1e999 is not understood/],
  ['topP', '0', { above: 0, most: 1 }, /a number above 0 and of at most 1/],
  ['topK', '1.5', { least: 0, whole: true }, /a whole number of at least 0/],
  ['length', '0', { least: 1, whole: true }, /for example --length=40/],
  ['seed', '4294967296', { least: 0, most: 2 ** 31 - 1, whole: true }, /of at most 2147483647/],
])('--%s=%s is refused', (option, written, limits, message) => {
  expect(() => readNumber(option, written, limits)).toThrow(message);
});
