import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { addBias, excludeEarlyEnd, penalizeFrequency, penalizeRepetition } from './penalties.ts';
import type { LogitsProcessor } from './processors.ts';

const LOGITS = [1.25, -0.5, 3, 0.75, 2.125, -2, 2.5, 0];

const applied = (process: LogitsProcessor, prompt: number[], output: number[], values = LOGITS): number[] => {
  const logits = Float32Array.from(values);
  process(logits, { prompt, output });
  return Array.from(logits);
};

// What scripts/parity/sampling.py prints with transformers 5.24, in float32.
test.each([
  [1.3, [1.25, -0.6499999761581421, 2.307692289352417, 0.75, 2.125, -2.5999999046325684, 2.5, 0]],
  [0.8, [1.25, -0.4000000059604645, 3.75, 0.75, 2.125, -1.600000023841858, 2.5, 0]],
])('a repetition penalty of %f agrees with Hugging Face to the bit, wherever the prompt ends', (penalty, expected) => {
  const sequence = [2, 1, 2, 7, 5];
  for (let cut = 0; cut <= sequence.length; cut++) {
    expect(applied(penalizeRepetition(penalty), sequence.slice(0, cut), sequence.slice(cut))).toEqual(expected);
  }
});

test('a repetition penalty leaves excluded tokens excluded', () => {
  expect(applied(penalizeRepetition(1.5), [0], [], [-Infinity, 1])).toEqual([-Infinity, 1]);
});

test('frequency and presence penalties are μ − n · frequency − [n > 0] · presence, of the output alone', () => {
  const token = fc.integer({ min: 0, max: 7 });
  const penalty = fc.double({ min: -2, max: 2, noNaN: true });
  fc.assert(
    fc.property(fc.array(token), fc.array(token), penalty, penalty, (prompt, output, frequency, presence) => {
      const found = applied(penalizeFrequency(frequency, presence), prompt, output);
      LOGITS.forEach((logit, id) => {
        const n = output.filter((each) => each === id).length;
        expect(found[id]).toBe(Math.fround(logit - (n * frequency + (n > 0 ? presence : 0))));
      });
    }),
    { seed: 1 },
  );
});

test('a bias is added, once, wherever the token was before', () => {
  expect(applied(addBias({ 1: 100, 5: -0.5 }), [1], [1, 5])).toEqual([1.25, 99.5, 3, 0.75, 2.125, -2.5, 2.5, 0]);
});

test('a bias of a token outside the vocabulary is an error that names it', () => {
  expect(() => applied(addBias({ 8: 1 }), [], [])).toThrow(UserError);
  expect(() => applied(addBias({ 8: 1 }), [], [])).toThrow('ids from 0 to 7');
});

test('tokens that end the text are excluded until it has its least number of tokens', () => {
  const process = excludeEarlyEnd(2, [0, 3]);
  const excluded = LOGITS.map((logit, id) => ([0, 3].includes(id) ? -Infinity : logit));
  expect(applied(process, [1, 2, 3], [])).toEqual(excluded);
  expect(applied(process, [], [4])).toEqual(excluded);
  expect(applied(process, [], [4, 5])).toEqual(LOGITS);
});
