/** @file Speculative decoding: which tokens of a draft are kept, so that the text is distributed as without drafts. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { drawToken, normalize, type TokenDistribution } from './sample.ts';

/** A token that a draft model drew, and what it drew it from. */
export interface DraftToken {
  id: number;
  distribution: TokenDistribution;
}

/** What becomes of a draft. */
export interface Acceptance<T = number> {
  /** How many tokens of the draft are kept, from its first. */
  accepted: number;
  /** The token behind them. */
  next: T;
}

/**
 * Speculative sampling (Leviathan et al. 2023, https://arxiv.org/abs/2211.17192; Chen et al. 2023,
 * https://arxiv.org/abs/2302.01318). A draft token x is kept with probability min(1, p(x) / q(x)), of target p and draft q; the
 * first that is not gives way to one drawn from max(0, p − q), normalized. Kept tokens and the next one are then distributed as if
 * drawn from the targets one by one. Targets that are certain keep exactly their own tokens, without a draw.
 *
 * @param targets the distribution at each token of the draft, given those before it, and that behind the last; by the same filters and
 *   processors as without a draft
 * @param rng is advanced by at most one draw for each token of the draft, and one
 */
export function acceptDraft(
  draft: readonly DraftToken[],
  targets: readonly TokenDistribution[],
  rng: RandomGenerator,
): Acceptance {
  for (const [place, { id, distribution }] of draft.entries()) {
    const target = targetAt(targets, place);
    const kept = probabilityOf(target, id) / probabilityOf(distribution, id);
    if (kept >= 1 || (kept > 0 && uniformFloat64(rng) < kept)) continue;
    return { accepted: place, next: draw(residual(target, distribution), rng) };
  }
  return { accepted: draft.length, next: draw(targetAt(targets, draft.length), rng) };
}

/**
 * Keeps the tokens of a draft that are those which would have been chosen anyway, so that the text of a seed is the same token for token, with
 * drafts and without. For drafts that no distribution was drawn from, such as those of `lookUpDraft`, of which as much is kept as by
 * {@link acceptDraft}; and for those drawn with the very random numbers that choose.
 *
 * @param choose chooses the token at a place of the draft or behind it, given the draft before; is called in order, once for each place,
 *   until one is not kept; something that is no token ends the text there
 */
export function acceptChosen<T>(draft: readonly T[], choose: (place: number) => T): Acceptance<T> {
  for (const [place, id] of draft.entries()) {
    const next = choose(place);
    if (next !== id) return { accepted: place, next };
  }
  return { accepted: draft.length, next: choose(draft.length) };
}

/** max(0, p − q), normalized; p where rounding leaves nothing of it. */
function residual(target: TokenDistribution, draft: TokenDistribution): TokenDistribution {
  const ofDraft = new Map(Array.from(draft.ids, (id, i) => [id, draft.probabilities[i]!]));
  const rest = target.probabilities.map((p, i) => Math.max(0, p - (ofDraft.get(target.ids[i]!) ?? 0)));
  return rest.some((p) => p > 0) ? { ids: target.ids, probabilities: normalize(rest) } : target;
}

/** A token of a distribution, without a draw where there is but one. */
function draw(distribution: TokenDistribution, rng: RandomGenerator): number {
  const [only, another] = distribution.ids;
  return only !== undefined && another === undefined ? only : drawToken(distribution, rng);
}

function probabilityOf({ ids, probabilities }: TokenDistribution, id: number): number {
  return probabilities[ids.indexOf(id)] ?? 0;
}

function targetAt(targets: readonly TokenDistribution[], place: number): TokenDistribution {
  const target = targets[place];
  if (target === undefined) throw new RangeError(`no target distribution for place ${place} of the draft`);
  return target;
}
