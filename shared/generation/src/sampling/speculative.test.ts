import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { samplingGenerator } from './random-stream.ts';
import { drawToken, sampleToken, tokenDistribution, type TokenDistribution } from './sample.ts';
import { acceptChosen, acceptDraft } from './speculative.ts';

const filters = { temperature: 1, topK: 0, topP: 1 };

/** A model of 4 tokens whose logits depend on the tokens before in no simple way. */
const model =
  (salt: number) =>
  (before: readonly number[]): Float32Array => {
    const rng = samplingGenerator(before.reduce((hash, id) => (hash * 31 + id + 1) % 1_000_003, salt));
    return Float32Array.from({ length: 4 }, () => 4 * uniformFloat64(rng) - 2);
  };

const [target, drafter] = [model(1), model(2)];

/** 99.9 % quantiles of chi-square by degrees of freedom; seeds are fixed. */
const QUANTILES: Record<number, number> = { 3: 16.3, 63: 103.5 };

function chiSquare(counts: ReadonlyMap<string, number>, expected: ReadonlyMap<string, number>, draws: number): number {
  let sum = 0;
  for (const [name, p] of expected) sum += ((counts.get(name) ?? 0) - p * draws) ** 2 / (p * draws);
  return sum;
}

/** The exact distribution of the target's first three tokens. */
function exactTriples(filtersOf = filters): Map<string, number> {
  const exact = new Map<string, number>();
  const extend = (before: number[], p: number): void => {
    if (before.length === 3) return void exact.set(before.join(), p);
    const { ids, probabilities } = tokenDistribution(target(before), filtersOf);
    ids.forEach((id, i) => extend([...before, id], p * probabilities[i]!));
  };
  extend([], 1);
  return exact;
}

/** Three tokens by drafts of two. */
function speculated(rng: ReturnType<typeof samplingGenerator>): { text: number[]; kept: number } {
  const text: number[] = [];
  let kept = 0;
  while (text.length < 3) {
    const draft: { id: number; distribution: TokenDistribution }[] = [];
    for (let i = 0; i < 2; i++) {
      const distribution = tokenDistribution(drafter([...text, ...draft.map(({ id }) => id)]), filters);
      draft.push({ id: drawToken(distribution, rng), distribution });
    }
    const ids = draft.map(({ id }) => id);
    const targets = [0, 1, 2].map((n) => tokenDistribution(target([...text, ...ids.slice(0, n)]), filters));
    const { accepted, next } = acceptDraft(draft, targets, rng);
    text.push(...ids.slice(0, accepted), next);
    kept += accepted;
  }
  return { text: text.slice(0, 3), kept };
}

describe('acceptDraft', () => {
  test('three tokens by drafts of two are distributed as the target says', () => {
    const draws = 40_000;
    const rng = samplingGenerator(5);
    const counts = new Map<string, number>();
    let kept = 0;
    for (let i = 0; i < draws; i++) {
      const speculation = speculated(rng);
      const name = speculation.text.join();
      counts.set(name, (counts.get(name) ?? 0) + 1);
      kept += speculation.kept;
    }
    expect(kept / draws).toBeGreaterThan(0.5);
    expect(chiSquare(counts, exactTriples(), draws)).toBeLessThan(QUANTILES[63]!);
  });

  test('keeps a token as often as both distributions overlap, also where filters leave different tokens', () => {
    const draws = 20_000;
    const rng = samplingGenerator(9);
    const p = tokenDistribution(target([]), { ...filters, topK: 3 });
    const q = tokenDistribution(drafter([]), { ...filters, topK: 2 });
    const of = ({ ids, probabilities }: TokenDistribution, id: number) => probabilities[ids.indexOf(id)] ?? 0;
    const overlap = [0, 1, 2, 3].reduce((sum, id) => sum + Math.min(of(p, id), of(q, id)), 0);
    const counts = new Map<string, number>();
    let kept = 0;
    for (let i = 0; i < draws; i++) {
      const id = drawToken(q, rng);
      const { accepted, next } = acceptDraft([{ id, distribution: q }], [p, p], rng);
      kept += accepted;
      const first = `${accepted === 1 ? id : next}`;
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    expect(kept / draws).toBeCloseTo(overlap, 1);
    const expected = new Map(Array.from(p.ids, (id, i) => [`${id}`, p.probabilities[i]!]));
    expect([...counts.keys()].every((id) => expected.has(id))).toBe(true);
    expect(chiSquare(counts, expected, draws)).toBeLessThan(QUANTILES[3]!);
  });

  test('a draft by the target itself is kept whole, without a draw', () => {
    const p = tokenDistribution(target([]), filters);
    const rng = samplingGenerator(1);
    const before = rng.getState().join();
    const draft = [1, 0, 2].map((id) => ({ id, distribution: p }));
    const last = { ids: Uint32Array.of(3), probabilities: Float64Array.of(1) };
    expect(acceptDraft(draft, [p, p, p, last], rng)).toEqual({ accepted: 3, next: 3 });
    expect(rng.getState().join()).toBe(before);
  });

  test('at temperature 0 the tokens are exactly those of the target, without a draw', () => {
    const greedy = { temperature: 0, topK: 0, topP: 1 };
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 6 }), fc.nat(3), (ids, begin) => {
        const rng = samplingGenerator(1);
        const state = rng.getState().join();
        const draft = ids.map((id, n) => ({ id, distribution: tokenDistribution(drafter(ids.slice(0, n)), filters) }));
        const targets = [...ids.keys(), ids.length].map((n) =>
          tokenDistribution(target([begin, ...ids.slice(0, n)]), greedy),
        );
        const { accepted, next } = acceptDraft(draft, targets, rng);
        const text = [begin, ...ids.slice(0, accepted), next];
        for (let n = 1; n < text.length; n++) expect(text[n]).toBe(sampleToken(target(text.slice(0, n)), greedy, rng));
        expect(accepted === ids.length || ids[accepted] !== next).toBe(true);
        expect(rng.getState().join()).toBe(state);
      }),
      { seed: 1 },
    );
  });

  test('too few targets are a defect of the caller', () => {
    const p = tokenDistribution(target([]), filters);
    expect(() => acceptDraft([{ id: 0, distribution: p }], [p], samplingGenerator(1))).toThrow(RangeError);
  });
});

test('acceptChosen gives token for token the text of the seed without drafts', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.array(fc.array(fc.nat(3), { maxLength: 4 }), { minLength: 12 }), (seed, drafts) => {
      const alone: number[] = [];
      const one = samplingGenerator(seed);
      while (alone.length < 12) alone.push(sampleToken(target(alone), filters, one));

      const text: number[] = [];
      const other = samplingGenerator(seed);
      for (let i = 0; text.length < 12; i++) {
        const draft = drafts[i] ?? [];
        const before = [...text];
        const { accepted, next } = acceptChosen(draft, (place) =>
          sampleToken(target([...before, ...draft.slice(0, place)]), filters, other),
        );
        text.push(...draft.slice(0, accepted), next);
      }
      expect(text.slice(0, 12)).toEqual(alone);
    }),
    { seed: 1 },
  );
});
