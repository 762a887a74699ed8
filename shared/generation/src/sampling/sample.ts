/** @file Choosing the next token from a model's logits. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { UserError } from '@arrowsmith/errors';
import type { SamplingParameters } from './parameters.ts';
import { rankTokens } from './rank.ts';

/** The parameters that shape the distribution. */
export interface Filters extends Pick<SamplingParameters, 'temperature' | 'topK' | 'topP'> {
  /** Least probability, as a share of the largest. Absent: 0. */
  minP?: number;
}

/** Tokens that may come next, and their probabilities, which sum to 1. */
export interface TokenDistribution {
  ids: Uint32Array;
  probabilities: Float64Array;
}

/**
 * The distribution that the next token is drawn from: logits / temperature, of which the top k, of whose softmax the top p
 * (nucleus sampling, Holtzman et al. 2020, https://arxiv.org/abs/1904.09751), of which those that have at least min-p times the
 * probability of the first (Nguyen et al. 2024, https://arxiv.org/abs/2407.01082), renormalized; the order of Hugging Face's
 * logits warpers. Tokens are ranked by logit, equal ones by id, so that exactly k are kept; at least one is.
 *
 * @param logits [V]; −Infinity excludes a token
 * @param filters temperature 0 gives all probability to the first in rank
 * @returns in order of rank
 * @throws UserError when a logit is NaN or +Infinity, or none is finite
 */
export function tokenDistribution(
  logits: Float32Array,
  { temperature, topK, topP, minP = 0 }: Filters,
): TokenDistribution {
  const largest = checkedMaximum(logits);
  if (temperature === 0) return certain(logits.indexOf(largest));

  const ids = topK === 0 ? rankTokens(logits) : rankTokens(logits, topK);
  const probabilities = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) probabilities[i] = Math.exp((logits[ids[i]!]! - largest) / temperature);
  normalize(probabilities);
  if (topP === 1 && minP === 0) return { ids, probabilities };

  let kept = topP === 1 ? ids.length : 0;
  for (let sum = 0; kept < ids.length && sum < topP; kept++) sum += probabilities[kept]!;
  while (kept > 1 && probabilities[kept - 1]! < minP * probabilities[0]!) kept--;
  return { ids: ids.subarray(0, kept), probabilities: normalize(probabilities.subarray(0, kept)) };
}

/** The distribution of a token that is certain. */
export function certain(id: number): TokenDistribution {
  return { ids: Uint32Array.of(id), probabilities: Float64Array.of(1) };
}

/**
 * Draws the next token.
 *
 * @param logits [V]
 * @param rng is advanced by one draw; temperature 0 needs none
 * @returns a token id
 * @throws UserError when a logit is NaN or +Infinity, or none is finite
 */
export function sampleToken(logits: Float32Array, filters: Filters, rng: RandomGenerator): number {
  if (filters.temperature === 0) return logits.indexOf(checkedMaximum(logits));
  return drawToken(tokenDistribution(logits, filters), rng);
}

/** Draws a token of a distribution. @param rng is advanced by one draw */
export function drawToken({ ids, probabilities }: TokenDistribution, rng: RandomGenerator): number {
  let rest = uniformFloat64(rng);
  for (const [i, probability] of probabilities.entries()) {
    rest -= probability;
    if (rest < 0) return ids[i]!;
  }
  return ids[0]!; // rounding left the sum just below the draw; the last ids may have probability 0
}

/** Divides by the sum, in place. */
export function normalize(weights: Float64Array): Float64Array {
  const sum = weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < weights.length; i++) weights[i]! /= sum;
  return weights;
}

function checkedMaximum(logits: Float32Array): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!;
    if (logit <= largest) continue;
    largest = logit; // or NaN, which is not to be passed over
    if (Number.isNaN(logit)) break;
  }
  if (Number.isFinite(largest)) return largest;
  throw new UserError({
    what: 'the model gives no distribution over the next token',
    expected: 'finite logits',
    found: `a largest logit of ${largest}`,
    fix: 'the weights are damaged or their training diverged: train again with a lower learning rate',
  });
}
