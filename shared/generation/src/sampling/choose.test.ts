import { expect, test } from 'vitest';
import { chooseToken } from './choose.ts';
import { logSoftmax } from './log-probabilities.ts';
import type { LogitsProcessor } from './processors.ts';
import { samplingGenerator } from './random-stream.ts';
import { sampleToken } from './sample.ts';

const logits = Float32Array.of(1.25, -0.5, 3, 0.75);
const sequence = { prompt: [0], output: [] };
const filters = { temperature: 1, topK: 0, topP: 1 };
const noTwo: LogitsProcessor = (row) => void (row[2] = -Infinity);

test('without processors it is sampleToken', () => {
  const [one, other] = [samplingGenerator(1), samplingGenerator(1)];
  for (let i = 0; i < 50; i++) {
    expect(chooseToken(logits, sequence, { filters, processors: [] }, one)).toEqual({
      id: sampleToken(logits, filters, other),
      logProbabilities: undefined,
    });
  }
});

test('chooses by processed logits, and tells what the model said before', () => {
  const greedy = { temperature: 0, topK: 0, topP: 1 };
  const options = { filters: greedy, processors: [noTwo], logProbabilities: 2 };
  const { id, logProbabilities } = chooseToken(logits, sequence, options, samplingGenerator(1));
  const said = logSoftmax(logits);
  expect(id).toBe(0);
  expect(logProbabilities).toEqual({
    id: 0,
    logProbability: said[0],
    top: [
      { id: 2, logProbability: said[2] },
      { id: 0, logProbability: said[0] },
    ],
  });
});
