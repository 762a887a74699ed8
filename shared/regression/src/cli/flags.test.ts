import { expect, test } from 'vitest';
import { wholeNumber } from './flags.ts';

test.each(['', '1', 'many', '-3', '2.5', '1e3', '99999999999999999999'])('"%s" is no number of seeds', (text) => {
  expect(() => wholeNumber('seeds', text, 2)).toThrow(/--seeds=[^]*expected: +a whole number from 2/);
});

test('a number of seeds', () => {
  expect(wholeNumber('seeds', '12', 2)).toBe(12);
});
