import * as fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { samplingParameters } from './parameters.ts';
import { samplingGenerator } from './random-stream.ts';
import { sampleToken, tokenDistribution, type Filters } from './sample.ts';

const logits = Float32Array.of(1.25, -0.5, 3, 0.75, 2.125, -2, 2.5, 0);

/** Probabilities by token id, zeros included. */
function probabilitiesOf(scores: Float32Array, filters: Filters): number[] {
  const { ids, probabilities } = tokenDistribution(scores, filters);
  return Array.from(scores, (_, id) => probabilities[ids.indexOf(id)] ?? 0);
}

describe('tokenDistribution', () => {
  // What scripts/parity/sampling.py prints with transformers 5.23, in float64.
  test.each([
    [
      { temperature: 1, topK: 0, topP: 1 },
      [0.0727304224, 0.0126386523, 0.4185346835, 0.0441132311, 0.1744712135, 0.0028200645, 0.2538541177, 0.0208376149],
    ],
    [
      { temperature: 0.7, topK: 0, topP: 1 },
      [0.0427613404, 0.0035100646, 0.5209397718, 0.0209334576, 0.1492517435, 0.0004117978, 0.2550217204, 0.0071701039],
    ],
    [{ temperature: 1, topK: 3, topP: 1 }, [0, 0, 0.4942194415, 0, 0.2060213146, 0, 0.2997592439, 0]],
    [{ temperature: 1, topK: 0, topP: 0.8 }, [0, 0, 0.4942194415, 0, 0.2060213146, 0, 0.2997592439, 0]],
    [{ temperature: 0.7, topK: 5, topP: 0.9 }, [0, 0, 0.5630483349, 0, 0.1613160488, 0, 0.2756356163, 0]],
    [{ temperature: 2, topK: 4, topP: 0.75 }, [0, 0, 0.4124648002, 0, 0.2663072904, 0, 0.3212279094, 0]],
    [{ temperature: 1.5, topK: 6, topP: 0.3 }, [0, 0, 1, 0, 0, 0, 0, 0]],
    [{ temperature: 1, topK: 0, topP: 1, minP: 0.2 }, [0, 0, 0.4942194415, 0, 0.2060213146, 0, 0.2997592439, 0]],
    [
      { temperature: 2, topK: 6, topP: 0.95, minP: 0.4 },
      [0.1467146579, 0, 0.3519501681, 0, 0.2272361074, 0, 0.2740990665, 0],
    ],
    [{ temperature: 1, topK: 0, topP: 0.8, minP: 0.01 }, [0, 0, 0.4942194415, 0, 0.2060213146, 0, 0.2997592439, 0]],
    [{ temperature: 0.7, topK: 0, topP: 1, minP: 1 }, [0, 0, 1, 0, 0, 0, 0, 0]],
  ])('agrees with Hugging Face for %j', (filters, expected) => {
    probabilitiesOf(logits, filters).forEach((probability, id) => expect(probability).toBeCloseTo(expected[id]!, 9));
  });

  const cases = fc.record({
    scores: fc
      .array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 30 })
      .map((quarters) => Float32Array.from(quarters, (quarter) => quarter / 4)),
    temperature: fc.constantFrom(0.3, 1, 2.5),
    topK: fc.integer({ min: 0, max: 35 }),
    topP: fc.constantFrom(0.01, 0.25, 0.5, 0.9, 0.999, 1),
  });

  test('keeps exactly the first k in rank, and of them the fewest that reach p', () => {
    fc.assert(
      fc.property(cases, ({ scores, temperature, topK, topP }) => {
        const { ids, probabilities } = tokenDistribution(scores, { temperature, topK, topP });
        const rank = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
        const top = topK === 0 ? rank : rank.slice(0, topK);
        expect(Array.from(ids)).toEqual(top.slice(0, ids.length));
        expect(ids.length).toBeGreaterThan(0);

        const weights = top.map((id) => Math.exp(scores[id]! / temperature));
        const total = weights.reduce((a, b) => a + b);
        const mass = (n: number) => weights.slice(0, n).reduce((a, b) => a + b, 0) / total;
        // float64 sums in another order
        expect(mass(ids.length)).toBeGreaterThanOrEqual(topP - 1e-12);
        expect(topP === 1 || mass(ids.length - 1) < topP + 1e-12).toBe(true);
        expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        probabilities.forEach((probability, i) =>
          expect(probability).toBeCloseTo(weights[i]! / total / mass(ids.length), 12),
        );
      }),
      { seed: 1 },
    );
  });

  test('temperature 0 is certain of the most likely token, the lowest id among equals', () => {
    expect(tokenDistribution(Float32Array.of(1, 7, 7, 2), { temperature: 0, topK: 3, topP: 0.9 })).toEqual({
      ids: Uint32Array.of(1),
      probabilities: Float64Array.of(1),
    });
  });

  test('a temperature near 0 and logits near the limit of float32 do not overflow', () => {
    const { probabilities } = tokenDistribution(Float32Array.of(-3e38, 3e38), {
      temperature: 1e-300,
      topK: 0,
      topP: 1,
    });
    expect(Array.from(probabilities)).toEqual([1, 0]);
  });
});

/** A thousand logits, a few of them likely ones. */
const rows = () => {
  const rng = samplingGenerator(99);
  const logit = () => 8 * uniformFloat64(rng) - 4 + (uniformFloat64(rng) < 0.01 ? 4 : 0);
  return Array.from({ length: 12 }, () => Float32Array.from({ length: 1000 }, logit));
};

describe('sampleToken', () => {
  // What artifacts were made with: the same seeds give the same tokens.
  test.each([
    [{ temperature: 1, topK: 0, topP: 1 }, [217, 941, 188, 210, 869, 549, 236, 376, 449, 354, 579, 662]],
    [{ temperature: 0.8, topK: 0, topP: 0.9 }, [171, 795, 868, 426, 996, 937, 923, 408, 516, 314, 83, 365]],
    [{ temperature: 1.3, topK: 40, topP: 1 }, [637, 789, 412, 728, 152, 76, 966, 247, 74, 740, 83, 258]],
    [{ temperature: 0.7, topK: 100, topP: 0.95 }, [718, 810, 868, 426, 142, 25, 125, 408, 516, 524, 83, 707]],
    [{ temperature: 0, topK: 0, topP: 1 }, [0, 671, 868, 397, 109, 250, 0, 408, 516, 239, 83, 56]],
  ])('draws for %j what it always drew', (filters, expected) => {
    const rng = samplingGenerator(7);
    expect(rows().map((row) => sampleToken(row, filters, rng))).toEqual(expected);
  });

  test.each([
    { temperature: 1, topK: 0, topP: 1 },
    { temperature: 1.7, topK: 6, topP: 0.95 },
  ])('draws each token as often as its probability for %j', (filters) => {
    const draws = 20_000;
    const counts = Array.from(logits, () => 0);
    const rng = samplingGenerator(11);
    for (let i = 0; i < draws; i++) counts[sampleToken(logits, filters, rng)]!++;
    const expected = probabilitiesOf(logits, filters).map((probability) => probability * draws);
    expect(counts.map((count) => count > 0)).toEqual(expected.map((count) => count > 0));
    const chiSquare = expected.reduce((sum, e, id) => (e === 0 ? sum : sum + (counts[id]! - e) ** 2 / e), 0);
    // The 99.9 % quantile of chi-square with 7 degrees of freedom; the seed is fixed.
    expect(chiSquare).toBeLessThan(24.3);
  });

  test('first draws of neighbouring seeds are spread over the distribution', () => {
    const uniform = new Float32Array(10);
    const filters = { temperature: 1, topK: 0, topP: 1 };
    const first = Array.from({ length: 200 }, (_, seed) => sampleToken(uniform, filters, samplingGenerator(seed)));
    expect(new Set(first).size).toBe(10);
  });

  test('temperature 0 takes the most likely token, the lowest id among equals, without a draw', () => {
    const rng = samplingGenerator(1);
    const before = rng.getState().join();
    const filters = { temperature: 0, topK: 0, topP: 1 };
    expect(sampleToken(Float32Array.of(-1, 4, 2, 4), filters, rng)).toBe(1);
    expect(rng.getState().join()).toBe(before);
  });

  test('never draws an excluded token', () => {
    const rng = samplingGenerator(3);
    const filters = { temperature: 5, topK: 0, topP: 1 };
    const drawn = new Set(
      Array.from({ length: 500 }, () => sampleToken(Float32Array.of(-Infinity, 0, -Infinity, 1), filters, rng)),
    );
    expect([...drawn].sort()).toEqual([1, 3]);
  });

  test.each([
    ['a NaN', [0, NaN, 1]],
    ['an infinite', [0, Infinity]],
    ['no finite', [-Infinity, -Infinity]],
  ])('%s logit is an error that says so, at every temperature', (_, values) => {
    for (const temperature of [0, 1]) {
      const draw = () =>
        sampleToken(Float32Array.from(values), { temperature, topK: 0, topP: 1 }, samplingGenerator(1));
      expect(draw).toThrow(UserError);
    }
  });
});

test('parameters default to sampling the model as it is, and refuse what has no meaning', () => {
  expect(samplingParameters.parse({})).toMatchObject({ temperature: 1, topK: 0, topP: 1 });
  for (const wrong of [{ temperature: -1 }, { topP: 0 }, { topP: 1.1 }, { topK: 1.5 }, { maximumTokens: 0 }]) {
    expect(samplingParameters.safeParse(wrong).success).toBe(false);
  }
});
