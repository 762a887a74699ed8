import { expect, test } from 'vitest';
import { generationParameters } from './generation-parameters.ts';
import { type LogitsProcessor, processLogits, processorsOf } from './processors.ts';

const END = 3;
const sequence = { prompt: [0, 1], output: [1, 2, 2] };
const logits = Float32Array.of(1, -2, 4, 8);
const processed = (parameters: object, constraints: LogitsProcessor[] = []) =>
  processLogits(
    logits,
    processorsOf(generationParameters.parse(parameters), { endTokens: [END], constraints }),
    sequence,
  );

test('default parameters need no processor, and leave the logits where they are', () => {
  expect(processed({})).toBe(logits);
});

test('bias comes before the penalty of repetition, which comes before those of frequency and presence', () => {
  const parameters = {
    logitBias: { 1: 4 },
    repetitionPenalty: 2,
    frequencyPenalty: 0.5,
    presencePenalty: 0.25,
    minimumTokens: 4,
  };
  expect(Array.from(processed(parameters))).toEqual([1 / 2, (-2 + 4) / 2 - 0.75, 4 / 2 - 1.25, -Infinity]);
  expect(Array.from(logits)).toEqual([1, -2, 4, 8]);
});

test('no bias brings back what a constraint or the least length excludes', () => {
  const noTwo: LogitsProcessor = (row) => void (row[2] = -Infinity);
  expect(Array.from(processed({ logitBias: { 2: 100, 3: 100 }, minimumTokens: 9 }, [noTwo]))).toEqual([
    1,
    -2,
    -Infinity,
    -Infinity,
  ]);
});

test('what excludes all tokens together is an error that says so', () => {
  const onlyEnd: LogitsProcessor = (row) => void row.fill(-Infinity, 0, END);
  expect(() => processed({ minimumTokens: 9 }, [onlyEnd])).toThrow('no token is left');
  expect(Array.from(processed({ minimumTokens: 3 }, [onlyEnd]))).toEqual([-Infinity, -Infinity, -Infinity, 8]);
});
