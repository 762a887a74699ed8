import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { lookUpDraft } from './prompt-lookup.ts';

test('gives what followed the longest run of last tokens', () => {
  const tokens = [1, 2, 3, 4, 5, 9, 3, 7, 8, 2, 3];
  expect(lookUpDraft(tokens, { count: 3 })).toEqual([4, 5, 9]);
  expect(lookUpDraft(tokens, { count: 3, longest: 1 })).toEqual([7, 8, 2]);
});

test('of several places the latest counts', () => {
  expect(lookUpDraft([1, 2, 5, 1, 2, 6, 1, 2], { count: 2 })).toEqual([6, 1]);
});

test('a text with a period goes on with it', () => {
  expect(lookUpDraft([7, 7], { count: 4 })).toEqual([7, 7, 7, 7]);
  expect(lookUpDraft([1, 2, 3, 1, 2, 3], { count: 7 })).toEqual([1, 2, 3, 1, 2, 3, 1]);
});

test.each([[[]], [[1]], [[1, 2, 3]]])('%j has nothing to look up', (tokens) => {
  expect(lookUpDraft(tokens)).toEqual([]);
});

test('shorter runs than asked for do not count', () => {
  expect(lookUpDraft([1, 2, 3, 9, 3], { shortest: 2 })).toEqual([]);
});

test('what is drafted follows an earlier place of the last tokens', () => {
  const options = { longest: fc.integer({ min: 1, max: 4 }), count: fc.integer({ min: 1, max: 6 }) };
  fc.assert(
    fc.property(fc.array(fc.nat(2), { maxLength: 15 }), fc.record(options), (tokens, { longest, count }) => {
      const draft = lookUpDraft(tokens, { longest, count });
      const last = tokens.at(-1);
      expect(draft).toHaveLength(last !== undefined && tokens.slice(0, -1).includes(last) ? count : 0);
      const whole = [...tokens, ...draft];
      const starts = Array.from(tokens.keys()).filter((at) => at < tokens.length - 1);
      expect(
        draft.length === 0 ||
          starts.some((at) => whole[at] === last && draft.every((id, i) => whole[at + 1 + i] === id)),
      ).toBe(true);
    }),
    { seed: 1, numRuns: 1000 },
  );
});
