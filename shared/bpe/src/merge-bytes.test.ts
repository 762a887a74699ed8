/** @file Tests of merging: long pre-tokens against short ones. */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIdBuffer } from './id-buffer.ts';
import { createByteMerger } from './merge-bytes.ts';
import { ordinaryTokenIds, type BpeModel } from './model.ts';
import { fromTokenizerJson } from './read-tokenizer-json.ts';
import { corpus, fixtures } from './test-fixtures.ts';

const trained = fixtures.map(({ pattern, tokenizer }) => ({
  name: pattern as string,
  model: fromTokenizerJson(JSON.stringify(tokenizer), pattern),
}));

/** As in Llama 3's file, a token has several merges, and some of them come before those that make their parts. */
const unordered = {
  name: 'merges in any order',
  model: abcModel(['ab c', 'b c', 'a b', 'a bc', 'a a', 'aa a', 'c aa', 'a aa', 'aa aa', 'bc a', 'abc ab', 'ab caa']),
};

function abcModel(merges: readonly string[]): BpeModel {
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const pairs = merges.map((merge) => merge.split(' ') as [string, string]);
  const spellings = [...new Set([...bytes, ...pairs.map((pair) => pair.join(''))])];
  return {
    pattern: 'none',
    specialTokens: [],
    vocabulary: spellings.map((spelling) => Buffer.from(spelling, 'latin1')),
    merges: pairs.map(([left, right]) => [spellings.indexOf(left), spellings.indexOf(right)]),
  };
}

function merger(model: BpeModel, longFrom: number): (bytes: Uint8Array) => number[] {
  const merge = createByteMerger(model, ordinaryTokenIds(model), longFrom);
  return (bytes) => {
    const out = createIdBuffer(16);
    merge(bytes, out);
    return [...out.ids.subarray(0, out.length)];
  };
}

describe.each([...trained, unordered])('$name', ({ model }) => {
  const [long, short] = [merger(model, 0), merger(model, Infinity)];

  test('gives a long pre-token the ids that the definition gives', () => {
    const texts = fc.oneof(
      fc.constantFrom(...corpus.documents),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 300 }),
      fc.string({
        unit: fc.constantFrom('a', 'b', 'c', 'ab', 'abc', 'aaaa', 'aaaaaaaaaaaaaaaaa', ' the', 'ing'),
        maxLength: 100,
      }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Buffer.from(text);
        expect(long(bytes)).toEqual(short(bytes));
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['one repeated character', 'a'.repeat(70_001)],
    ['a repeated word', 'abcab'.repeat(15_001)],
    ['documents', corpus.documents.join('').repeat(4)],
  ])('%s', (_, text) => {
    const bytes = Buffer.from(text);
    expect(long(bytes)).toEqual(short(bytes));
  });
});
