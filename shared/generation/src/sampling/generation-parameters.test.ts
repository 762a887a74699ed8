import { expect, test } from 'vitest';
import { generationParameters } from './generation-parameters.ts';
import { samplingParameters } from './parameters.ts';

test('has the fields of samplingParameters with their defaults, and others that change nothing', () => {
  expect(generationParameters.parse({})).toEqual({
    ...samplingParameters.parse({}),
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    logitBias: {},
    stop: [],
    minimumTokens: 0,
  });
});

test('the fields of stages stay what they are: they are part of keys', () => {
  expect(Object.keys(samplingParameters.shape)).toEqual(['temperature', 'topK', 'topP', 'maximumTokens', 'seed']);
});

test.each([
  { minP: 1.5 },
  { repetitionPenalty: 0 },
  { repetitionPenalty: 5e-324 },
  { repetitionPenalty: 1e308 },
  { presencePenalty: 3 },
  { frequencyPenalty: -3 },
  { logitBias: { the: 1 } },
  { logitBias: { '07': 1 } },
  { logitBias: { 7: 101 } },
  { stop: [''] },
  { stop: ['\ud83d'] },
  { minimumTokens: 200, maximumTokens: 100 },
  { minimumTokens: 129 },
  { top_k: 5 },
])('%j is refused', (wrong) => {
  expect(generationParameters.safeParse(wrong).success).toBe(false);
});

test('biases are named by token ids, stop strings may have any character', () => {
  expect(generationParameters.safeParse({ logitBias: { 0: -100, 151643: 2.5 }, stop: ['\n\n', '😀'] }).success).toBe(
    true,
  );
});
