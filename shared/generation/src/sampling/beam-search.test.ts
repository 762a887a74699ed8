import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BeamSearchOptions, beamSearch, type OpenBeam } from './beam-search.ts';
import { logSoftmax } from './log-probabilities.ts';

interface Fixture {
  vocabulary: number;
  prompt: number[];
  end: number;
  cases: (Omit<BeamSearchOptions, 'endTokens'> & { sequences: number[][]; scores: number[] })[];
}

/** Made by scripts/parity/beam-search.py with transformers 5.24. */
const fixture = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/beam-search.json', import.meta.url), 'utf8'),
) as Fixture;
const { vocabulary, prompt, end } = fixture;

/** The formula of the script. */
function logitsOf(output: readonly number[]): Float32Array {
  const sequence = [...prompt, ...output];
  const [before = 0, last = 0] = sequence.slice(-2);
  return Float32Array.from({ length: vocabulary }, (_, token) => {
    const mixed = last * 389 + before * 157 + token * 613 + sequence.length * 71 + (last * token + before) * 211;
    return ((mixed * 97) % 1024) / 256;
  });
}

const score = (beams: readonly OpenBeam[]) => beams.map(({ tokens }) => logSoftmax(logitsOf(tokens)));

/** Log-probabilities of a token, of which each is a function of all before. */
const probabilityOf = (tokens: readonly number[]): number =>
  tokens.reduce((sum, id, at) => sum + logSoftmax(logitsOf(tokens.slice(0, at)))[id]!, 0);

describe('agrees with Hugging Face', () => {
  test.each(fixture.cases)(
    'for $beams beams, $maximumTokens tokens, length penalty $lengthPenalty, early stopping $earlyStopping',
    async ({ sequences, scores, ...options }) => {
      const found = await beamSearch(score, { ...options, endTokens: [end] });
      expect(found.map(({ tokens }) => tokens)).toEqual(sequences);
      found.forEach((beam, i) => expect(beam.score).toBeCloseTo(scores[i]!, 4));
    },
  );
});

/** All continuations that end, or have as many tokens as they may. */
function allContinuations(maximumTokens: number): { tokens: number[]; ended: boolean }[] {
  const continued = (before: number[]): { tokens: number[]; ended: boolean }[] =>
    before.length === maximumTokens
      ? [{ tokens: before, ended: false }]
      : Array.from({ length: vocabulary }, (_, id) => id).flatMap((id) =>
          id === end ? [{ tokens: before, ended: true }] : continued([...before, id]),
        );
  return continued([]);
}

test.each([-1, 0, 0.7, 1, 3])(
  'with enough beams and length penalty %f, the best of all continuations is found',
  async (lengthPenalty) => {
    const maximumTokens = 3;
    const all = allContinuations(maximumTokens).map(({ tokens, ended }) => {
      const said = ended ? [...tokens, end] : tokens;
      const logProbability = probabilityOf(said);
      return { tokens, ended, logProbability, score: logProbability / said.length ** lengthPenalty };
    });
    all.sort((a, b) => b.score - a.score);
    const found = await beamSearch(score, {
      beams: all.length,
      maximumTokens,
      endTokens: [end],
      lengthPenalty,
      earlyStopping: 'never',
    });
    expect(found).toHaveLength(all.length);
    found.slice(0, 20).forEach((beam, i) => {
      expect(beam.tokens).toEqual(all[i]!.tokens);
      expect(beam.ended).toBe(all[i]!.ended);
      expect(beam.score).toBeCloseTo(all[i]!.score, 10);
    });
  },
);

test('one beam without an end is greedy search', async () => {
  const greedy: number[] = [];
  while (greedy.length < 12) {
    const logits = logitsOf(greedy);
    greedy.push(logits.indexOf(Math.max(...logits)));
  }
  const [found] = await beamSearch(score, { beams: 1, maximumTokens: 12, endTokens: [] });
  expect(found).toMatchObject({ tokens: greedy, ended: false });
});

test('each beam says which one it continues, and scores are those of the tokens', async () => {
  const options = fc.record({
    beams: fc.integer({ min: 1, max: 5 }),
    maximumTokens: fc.integer({ min: 1, max: 7 }),
    lengthPenalty: fc.constantFrom(-1, 0, 1, 2),
    endTokens: fc.subarray([0, 1, 2]),
    earlyStopping: fc.constantFrom(true, false, 'never' as const),
  });
  await fc.assert(
    fc.asyncProperty(options, async (each) => {
      let last: readonly OpenBeam[] = [{ tokens: [], parent: 0 }];
      const found = await beamSearch((beams) => {
        for (const { tokens, parent } of beams) expect(last[parent]!.tokens).toEqual(tokens.slice(0, -1));
        last = beams;
        return Promise.resolve(score(beams));
      }, each);
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(each.beams);
      for (const { tokens, ended, logProbability } of found) {
        expect(tokens.some((id) => each.endTokens.includes(id))).toBe(false);
        const ends = ended ? each.endTokens.map((id) => probabilityOf([...tokens, id])) : [probabilityOf(tokens)];
        expect(Math.min(...ends.map((p) => Math.abs(p - logProbability)))).toBeLessThan(1e-9);
      }
      const scores = found.map((beam) => beam.score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }),
    { seed: 1 },
  );
});

test('excluded tokens are never taken, and a search without continuations ends', async () => {
  const only = (...ids: number[]) => Float64Array.from({ length: 4 }, (_, id) => (ids.includes(id) ? -1 : -Infinity));
  const found = await beamSearch((beams) => beams.map(({ tokens }) => (tokens.length < 2 ? only(1) : only())), {
    beams: 3,
    maximumTokens: 5,
    endTokens: [0],
  });
  expect(found).toEqual([]);
});
