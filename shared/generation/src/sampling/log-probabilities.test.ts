import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { logSoftmax, tokenLogProbabilities } from './log-probabilities.ts';

const logitRows = fc
  .array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((values) => Float32Array.from(values));

test('is the logarithm of the softmax by its formula', () => {
  fc.assert(
    fc.property(logitRows, (logits) => {
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      const found = logSoftmax(logits);
      logits.forEach((logit, id) => expect(found[id]).toBeCloseTo(Math.log(Math.exp(logit) / total), 9));
    }),
    { seed: 1 },
  );
});

test('does not change by what is added to all logits, however large it is', () => {
  const expected = [1, 2, 3].map((logit) => logit - Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)));
  for (const shift of [0, 1e4, -1e4, 1e6]) {
    const found = logSoftmax(Float32Array.of(1 + shift, 2 + shift, 3 + shift));
    found.forEach((each, id) => expect(each).toBeCloseTo(expected[id]!, 12));
  }
});

test('keeps small differences of what is nearly certain', () => {
  expect(logSoftmax(Float32Array.of(0, -30))[0]).toBeCloseTo(-Math.exp(-30), 20);
  expect(Array.from(logSoftmax(Float32Array.of(-3e38, 3e38)))).toEqual([-Math.fround(3e38) * 2, 0]);
});

test('an excluded token has no probability', () => {
  expect(Array.from(logSoftmax(Float32Array.of(5, -Infinity)))).toEqual([0, -Infinity]);
});

test('tells the chosen token, and the most likely ones in their order', () => {
  fc.assert(
    fc.property(logitRows, fc.nat(), fc.integer({ min: 0, max: 50 }), (logits, pick, top) => {
      const id = pick % logits.length;
      const all = logSoftmax(logits);
      const told = tokenLogProbabilities(logits, id, top);
      expect(told).toMatchObject({ id, logProbability: all[id] });
      const ranked = Array.from(all.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
      expect(told.top).toEqual(ranked.slice(0, top).map((each) => ({ id: each, logProbability: all[each] })));
    }),
    { seed: 1 },
  );
});
