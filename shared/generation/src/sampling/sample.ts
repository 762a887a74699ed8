/** @file Choosing the next token from a model's logits. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { UserError } from '@arrowsmith/errors';
import type { SamplingParameters } from './parameters.ts';
import { likeliestToken, rankedTokens, rankTokens } from './rank.ts';
import { totalWeight, weighing } from './weights.ts';

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

  const weightOf = weighing(logits, largest, temperature);
  const candidates = topK === 0 ? undefined : rankTokens(logits, topK);
  const enough =
    topP === 1
      ? Infinity
      : topP * (candidates?.reduce((sum, id) => sum + weightOf(id), 0) ?? totalWeight(logits, largest, temperature));
  const ids: number[] = [];
  const weights: number[] = [];
  let sum = 0;
  for (const id of candidates ?? rankedTokens(logits)) {
    const weight = weightOf(id);
    if (ids.length > 0 && (sum >= enough || weight < minP)) break;
    ids.push(id);
    weights.push(weight);
    sum += weight;
  }
  return { ids: Uint32Array.from(ids), probabilities: normalize(Float64Array.from(weights)) };
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
  const { temperature, topK, topP, minP = 0 } = filters;
  if (topK > 0 || topP < 1 || minP > 0) return drawToken(tokenDistribution(logits, filters), rng);
  // As from the distribution, in which no token is left out, without the ranks of those behind the one that is drawn.
  const largest = checkedMaximum(logits);
  if (temperature === 0) return logits.indexOf(largest);
  const weightOf = weighing(logits, largest, temperature);
  let rest = uniformFloat64(rng) * totalWeight(logits, largest, temperature);
  for (const id of rankedTokens(logits)) {
    rest -= weightOf(id);
    if (rest < 0) return id;
  }
  return logits.indexOf(largest); // rounding left the sum just below the draw
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
  const largest = logits[likeliestToken(logits)] ?? NaN;
  if (Number.isFinite(largest)) return largest;
  throw new UserError({
    what: 'the model gives no distribution over the next token',
    expected: 'finite logits',
    found: `a largest logit of ${largest}`,
    fix: 'the weights are damaged or their training diverged: train again with a lower learning rate',
  });
}
