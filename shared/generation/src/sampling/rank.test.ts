import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rankTokens } from './rank.ts';

test('is the order by falling logits, and by rising ids among equals', () => {
  const logit = fc.oneof(
    fc.float({ noNaN: true }),
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom(0, -0, -Infinity, Infinity),
  );
  fc.assert(
    fc.property(fc.array(logit, { maxLength: 60 }), fc.nat(70), (values, count) => {
      const logits = Float32Array.from(values);
      const expected = Array.from(logits.keys()).sort((a, b) =>
        logits[a] === logits[b] ? a - b : logits[a]! < logits[b]! ? 1 : -1,
      );
      expect(Array.from(rankTokens(logits))).toEqual(expected);
      expect(Array.from(rankTokens(logits, count))).toEqual(expected.slice(0, count));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('the largest and the smallest numbers of float32 keep their order', () => {
  const logits = Float32Array.of(-3e38, 1e-45, 3e38, -1e-45, 0, 1.0000001, 1);
  expect(Array.from(rankTokens(logits))).toEqual([2, 5, 6, 1, 4, 3, 0]);
});
