import { expect, test } from 'vitest';
import { copyCounter } from './copying.ts';

const counter = (texts: readonly string[], training: readonly string[], n = 3) => {
  const copies = copyCounter({ texts, n, followed: texts });
  for (const document of training) copies.add(document);
  return copies;
};

test('n-grams and runs that stand in the training text are found, without regard to case and punctuation', () => {
  const text = 'A big red dog ran home.';
  const copies = counter([text], ['Once a BIG, red dog sat.', 'It ran home again']);
  expect(copies.seen([text])).toBe(2 / 4);
  expect(copies.longestRun(text)).toBe(4);
});

test('nothing is copied over the end of a document', () => {
  const copies = counter(['one two three four'], ['one two', 'three four']);
  expect(copies.longestRun('one two three four')).toBe(2);
  expect(copies.seen(['one two three four'])).toBe(0);
});

test('texts without words, or without training text, have copied nothing', () => {
  expect(counter([''], ['a b c']).longestRun('')).toBe(0);
  expect(counter([''], ['a b c']).seen([''])).toBeNull();
  expect(counter(['a b c'], []).longestRun('a b c')).toBe(0);
});

test('the longest runs are those that a search by brute force finds', () => {
  let state = 5;
  const below = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const words = (length: number) => Array.from({ length }, () => 'abc'[below(3)]!);
  for (let round = 0; round < 30; round++) {
    const texts = [words(30), words(20), words(25)];
    const training = [words(40), words(60)];
    const joined = texts.map((text) => text.join(' '));
    const copies = counter(
      joined,
      training.map((text) => text.join(' ')),
    );
    for (const [i, text] of texts.entries()) {
      let longest = 0;
      for (let from = 0; from < text.length; from++) {
        for (let to = from + 1; to <= text.length; to++) {
          const run = text.slice(from, to).join('');
          if (training.some((document) => document.join('').includes(run))) longest = Math.max(longest, to - from);
        }
      }
      expect(copies.longestRun(joined[i]!)).toBe(longest);
    }
  }
});
