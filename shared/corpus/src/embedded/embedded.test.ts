/** @file Tests of the embedded corpus as a whole. */

import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { embeddedStories } from './index.ts';
import { animals, children } from './lexicon/people.ts';
import { distinctNgramRatio, grammarProblems, seenNgramRatio, vocabulary, wordsOf } from './text-checks.ts';

/** A change of this digest changes the embedded corpus: every model trained on it, and every baseline made with it. */
const FIRST_HUNDRED_OF_SEED_1 = 'eaab78533e9ee7c3e9f36cc707aca419f4621507a8b8b89ca39f00edab48a502';

let sample: string[] = [];
beforeAll(() => {
  sample = [...embeddedStories({ stories: 20_000, seed: 1 })];
});

describe('a corpus', () => {
  test('is the same text for the same seed, forever', () => {
    const digest = createHash('sha256');
    for (const story of embeddedStories({ stories: 100, seed: 1 })) digest.update(`${story}\n`);
    expect(digest.digest('hex')).toBe(FIRST_HUNDRED_OF_SEED_1);
  });

  test('has the same story at an index whether it is made in a run or alone', () => {
    for (const first of [0, 1, 17, 19_999]) {
      expect([...embeddedStories({ stories: 1, seed: 1, first })]).toEqual([sample[first]]);
    }
    expect([...embeddedStories({ stories: 5, seed: 1, first: 100 })]).toEqual(sample.slice(100, 105));
  });

  test('of another seed is another corpus', () => {
    const known = new Set(sample);
    const other = [...embeddedStories({ stories: 1000, seed: 2 })];
    expect(other.filter((story) => known.has(story))).toEqual([]);
  });

  test('of no stories is empty', () => {
    expect([...embeddedStories({ stories: 0, seed: 1 })]).toEqual([]);
  });

  test('has no two stories alike among 20,000', () => {
    expect(new Set(sample).size).toBe(sample.length);
  });

  test('knows more than 2,000 words in 10,000 stories', () => {
    expect(vocabulary(sample.slice(0, 10_000)).size).toBeGreaterThan(2000);
  });

  test('does not repeat itself too often: two fifths of the 4-grams of 2,000 stories are distinct', () => {
    // The same measure is 0.82 for 2,000 stories of TinyStories.
    expect(distinctNgramRatio(sample.slice(0, 2000), 4)).toBeGreaterThan(0.4);
  });

  test('has held-out stories two thirds of whose 8-grams are new after 8 MB', () => {
    expect(seenNgramRatio(sample.slice(0, 9000), sample.slice(9000, 10_000), 8)).toBeLessThan(0.35);
  });

  test('has speech in almost every story, which is a tenth of the text or more', () => {
    const speech = sample.slice(0, 2000).map((story) =>
      story
        .split('"')
        .filter((_, i) => i % 2 === 1)
        .join(' '),
    );
    const share = speech.join('').length / sample.slice(0, 2000).join('').length;
    expect(speech.filter((words) => words !== '').length / speech.length).toBeGreaterThan(0.99);
    expect(share).toBeGreaterThan(1 / 10);
    expect(share).toBeLessThan(0.6);
  });

  test('has sentences of many lengths', () => {
    const lengths = sample
      .slice(0, 1000)
      .flatMap((story) => story.split(/(?<=[.!?]"?)\s/).map((s) => wordsOf(s).length));
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    const deviation = Math.sqrt(lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / lengths.length);
    expect(mean).toBeGreaterThan(6);
    expect(mean).toBeLessThan(12);
    expect(deviation).toBeGreaterThan(3.5);
  });
});

describe('every story', () => {
  test('has 350 to 980 characters', () => {
    for (const { length } of sample) {
      expect(length).toBeGreaterThanOrEqual(350);
      expect(length).toBeLessThanOrEqual(980);
    }
  });

  test('is free of mistakes that a lint can find', () => {
    expect(sample.flatMap(grammarProblems).slice(0, 10)).toEqual([]);
  });

  test('names somebody, and nearly all name one of them three times or more', () => {
    const names = new Set([...children, ...animals].map(({ name }) => name));
    const most = sample.map((story) => {
      const counts = new Map<string, number>();
      for (const word of story.match(/\b[A-Z][a-z]+/g) ?? []) {
        if (names.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      return Math.max(0, ...counts.values());
    });
    expect(Math.min(...most)).toBeGreaterThan(0);
    expect(most.filter((count) => count >= 3).length / most.length).toBeGreaterThan(0.98);
  });
});

describe('the grammar lint', () => {
  test.each([
    ['Tom had a apple.', '"a" before a vowel'],
    ['Tom saw an dog.', '"an" before a consonant'],
    ['Tom ran to the the pond.', 'a doubled word'],
    ['Tom ran  home.', 'stray white space'],
    ['Tom had a {toy}.', 'a slot'],
    ['Tom ran home. he slept.', 'small letter'],
    ['Tom ran home', 'no end'],
    ['"Hello, said Tom.', 'unbalanced'],
    ['"Hello" said Tom.', 'speech without punctuation'],
    ['"Hello." said Tom.', 'a full stop before "said"'],
    ['Tom ran , and fell.', 'a space before punctuation'],
  ])('finds the mistake in %j', (story, problem) => {
    expect(grammarProblems(story).join()).toContain(problem);
  });

  test('accepts good sentences', () => {
    const story =
      'A boy had an apple. "Is it good?" asked a unicorn. "Yes," said Tom, "it is."\n\n"Good!" They ate it.';
    expect(grammarProblems(story)).toEqual([]);
  });
});
