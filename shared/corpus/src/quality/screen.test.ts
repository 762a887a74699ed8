/** @file Screening of documents, against sets and regular expressions. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect } from '../testing/scratch.ts';
import { hashSet } from './hash-set.ts';
import { documentMeasure } from './measure.ts';
import { screenDocuments } from './screen.ts';
import type { ScreenOptions } from './screen.ts';

async function* stream(texts: string[]) {
  yield* texts;
}
async function screen(texts: string[], options: Partial<ScreenOptions> = {}) {
  const screened = screenDocuments(stream(texts), { removeLeaks: true, removeDuplicates: false, ...options });
  await collect(screened.documents);
  return { hashes: screened.hashes, ...screened.result() };
}

test('duplicates are counted, and removed when asked', async () => {
  const texts = ['a', 'b', 'a', 'a', 'c', 'b'];
  expect(await screen(texts)).toMatchObject({ documents: 6, duplicates: 3, read: 6 });
  const removed = screenDocuments(stream(texts), { removeLeaks: true, removeDuplicates: true });
  expect(await collect(removed.documents)).toEqual(['a', 'b', 'c']);
  expect(removed.result()).toMatchObject({ documents: 3, duplicates: 3, read: 6 });
});

test('documents of the other split are leaks, which are removed unless they may stay', async () => {
  const { hashes } = await screen(['x', 'y ']);
  const screened = screenDocuments(stream(['x', 'y', 'z']), {
    leaksOf: hashes,
    removeLeaks: true,
    removeDuplicates: false,
  });
  expect(await collect(screened.documents)).toEqual(['y', 'z']);
  expect(screened.result().leaks).toBe(1);
  expect(await screen(['x', 'y'], { leaksOf: hashes, removeLeaks: false })).toMatchObject({ documents: 2, leaks: 1 });
});

test('what filters take away is counted by rule, and is no leak, no duplicate and no part of the sums', async () => {
  const { hashes } = await screen(['ab']);
  const filter = { minimumBytes: 3, keywords: ['cat'] };
  expect(await screen(['ab', 'ab', 'a cat', 'a dog'], { filter, leaksOf: hashes })).toMatchObject({
    documents: 1,
    bytes: 5,
    removed: { minimumBytes: 2, keywords: 1 },
    leaks: 0,
    duplicates: 0,
  });
});

test('bytes, characters, words, distinct words and lengths are those of the text', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'B', 'b', "'", ' ', '\n', '.', 'é', '猫', '😀', '“', '’', '7') });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (texts) => {
      const { add, measures } = documentMeasure();
      for (const each of texts) add(Buffer.from(each), Buffer.byteLength(each));
      const words = texts.flatMap((each) => each.match(/[a-z0-9é猫😀]+(?:['’][a-z0-9é猫😀]+)*/giu) ?? []);
      const sizes = texts.map((each) => Buffer.byteLength(each));
      expect(measures()).toEqual({
        documents: texts.length,
        bytes: sizes.reduce((sum, size) => sum + size),
        characters: [...texts.join('')].length,
        words: words.length,
        vocabulary: new Set(words.map((word) => word.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))).size,
        shortestBytes: Math.min(...sizes),
        longestBytes: Math.max(...sizes),
        lengths: Array.from(
          { length: Math.max(...sizes.map((size) => size.toString(2).length * Number(size > 0))) + 1 },
          (_, i) => sizes.filter((size) => (size === 0 ? 0 : Math.floor(Math.log2(size)) + 1) === i).length,
        ),
      });
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('a set of hashes holds exactly what was added, however often it grows', () => {
  const set = hashSet();
  const expected = new Set<string>();
  let [state, wrong] = [1, 0];
  for (let i = 0; i < 20_000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    // Few values of each half: many collisions of one half alone, and the pair 0, 0.
    const [high, low] = [(state >>> 24) - 128, (state >>> 12) & 63];
    if (high === 0 && low === 1) continue;
    const isNew = !expected.has(`${high},${low}`);
    if (set.has(high, low) === isNew || set.add(high, low) !== isNew) wrong++;
    expected.add(`${high},${low}`);
  }
  expect(wrong).toBe(0);
  expect(set.size).toBe(expected.size);
  expect(expected.size).toBeGreaterThan(10_000);
});
