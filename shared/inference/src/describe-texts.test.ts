import { expect, test } from 'vitest';
import type { TextResult } from '@arrowsmith/generation';
import { describeTexts, logProbabilityTable } from './describe-texts.ts';

function resultOf(changes: Partial<TextResult>, usage: Partial<TextResult['usage']> = {}): TextResult {
  const times = { begunAt: 500, firstAt: 510, lastAt: 1510 };
  return {
    text: 'abc',
    tokens: [1, 2, 3],
    finishReason: 'model',
    logProbabilities: [],
    usage: { promptTokens: 5, cutTokens: 0, sharedTokens: 0, outputTokens: 3, ...times, ...usage },
    ...changes,
  };
}

test('a text is told with what ended it, and how fast it was', () => {
  expect(describeTexts([resultOf({})], 32)).toBe(
    '3 tokens, ended by the model; prompt 5 tokens, 500 tokens/s; then 2 tokens/s; the first after 0.51 s',
  );
});

test('several texts are told together, at the speed of all', () => {
  const others = [resultOf({ finishReason: 'context' }, { sharedTokens: 4, firstAt: 520 }), resultOf({})];
  expect(describeTexts([resultOf({}), ...others], 32)).toBe(
    '9 tokens in 3 samples (2 ended by the model, 1 the context of 32 tokens is full); prompt 5 tokens, 500 tokens/s; then 6 tokens/s; the first after 0.51 s',
  );
});

test('what came of drafts is told as the share that was kept', () => {
  expect(describeTexts([resultOf({})], 32, { drafted: 1200, accepted: 801 })).toMatch(
    /; the first after 0\.51 s; 801 of 1,200 drafted tokens kept \(67%\)$/,
  );
  expect(describeTexts([resultOf({})], 32, { drafted: 0, accepted: 0 })).toMatch(/; no token was drafted$/);
});

test('a text that a signal ended before its first token has no speed', () => {
  const { finishReason: _, ...stopped } = resultOf({ tokens: [] }, { firstAt: undefined, lastAt: undefined });
  expect(describeTexts([stopped], 32)).toBe('0 tokens, stopped');
});

test('log-probabilities are a table, in which a token stays on its line', () => {
  const decode = (ids: Iterable<number>): string => [...ids].map((id) => ['\n', 'a', 'bc'][id]).join('');
  const [half, most] = [Math.log(0.5), Math.log(0.9)];
  const logProbabilities = [
    { id: 0, logProbability: half, top: [{ id: 2, logProbability: most }] },
    { id: 2, logProbability: most, top: [] },
  ];
  expect(logProbabilityTable(resultOf({ logProbabilities }), decode).split('\n')).toEqual([
    '  token  log-probability  probability  most likely',
    '  "\\n"            -0.693        50.0%  "bc" 90.0%',
    '  "bc"            -0.105        90.0%',
  ]);
});
