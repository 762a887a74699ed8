import { expect, test } from 'vitest';
import { describeCuts, seenPrompt } from './prompt.ts';

const ids = (length: number) => Array.from({ length }, (_, i) => i + 1);
const seen = (length: number, maximumTokens: number) =>
  seenPrompt(ids(length), { beginOfText: 0, contextLength: 16, maximumTokens });

test('a prompt that fits is seen whole, behind an end of text', () => {
  expect(seen(0, 100)).toEqual({ ids: [0], cut: 0 });
  expect(seen(15, 100)).toEqual({ ids: [0, ...ids(15)], cut: 0 });
});

test('of one that does not, the end is seen, with room for what is to follow', () => {
  expect(seen(16, 100)).toEqual({ ids: ids(16).slice(8), cut: 8 });
  expect(seen(1000, 100).ids).toEqual(ids(1000).slice(-8));
  expect(seen(1000, 3)).toEqual({ ids: ids(1000).slice(-13), cut: 987 });
});

test('cuts are told by the number of the prompt', () => {
  const cuts = new Map([[2, { tokens: 1000, seen: 8 }]]);
  expect(describeCuts(cuts, 16)).toBe('prompt 2 has 1000 tokens, of which the last 8 are seen; the context holds 16');
});
