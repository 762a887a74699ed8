import { expect, test } from 'vitest';
import { distinctNgrams, repeatedNgrams } from './repetition.ts';

test('distinct-n counts different n-grams over all texts', () => {
  expect(distinctNgrams(['The cat. The cat!'], 1)).toBe(2 / 4);
  expect(distinctNgrams(['the cat the cat'], 2)).toBe(2 / 3);
  expect(distinctNgrams(['the cat', 'The cat'], 2)).toBe(1 / 2);
  expect(distinctNgrams(['one'], 2)).toBeNull();
});

test('repeated n-grams are those that stand earlier in the same text', () => {
  expect(repeatedNgrams(['a b c d a b c d'], 4)).toBeCloseTo(1 / 5);
  expect(repeatedNgrams(['a b c d', 'a b c d'], 4)).toBe(0);
  expect(repeatedNgrams(['no no no no no no'], 4)).toBeCloseTo(2 / 3);
  expect(repeatedNgrams([], 4)).toBeNull();
});
