/** @file Log-probabilities of tokens. */
import { likeliestToken, rankTokens } from './rank.ts';
import { totalWeight } from './weights.ts';

/** A token and the natural logarithm of its probability. */
export interface TokenLogProbability {
  id: number;
  logProbability: number;
}

/**
 * Logarithms of the softmax, in float64. The largest logit is subtracted first, so that none overflows.
 *
 * @param logits [V]; −Infinity, of which there may be any number, is of probability 0
 * @returns [V]
 */
export function logSoftmax(logits: Float32Array): Float64Array {
  const normalized = normalizerOf(logits);
  const logarithms = new Float64Array(logits.length);
  for (let id = 0; id < logits.length; id++) logarithms[id] = normalized(logits[id]!);
  return logarithms;
}

/**
 * The log-probability of a token, and the most likely tokens, by what the model says itself: of the logits as they come from the
 * model, before penalties, biases, masks, temperature and filters. So do OpenAI, and vLLM by default.
 *
 * @param logits [V]
 * @param top how many of the most likely tokens to tell, the first in rank first; the chosen one need not be among them
 */
export function tokenLogProbabilities(
  logits: Float32Array,
  id: number,
  top = 0,
): TokenLogProbability & { top: TokenLogProbability[] } {
  const normalized = normalizerOf(logits);
  const told = (each: number) => ({ id: each, logProbability: normalized(logits[each]!) });
  return { ...told(id), top: top === 0 ? [] : Array.from(rankTokens(logits, top), told) };
}

/** The function from a logit to its log-probability. */
function normalizerOf(logits: Float32Array): (logit: number) => number {
  const first = likeliestToken(logits);
  const largest = logits[first] ?? NaN;
  const others = logits.slice();
  others[first] = -Infinity;
  const logSum = Math.log1p(totalWeight(others, largest, 1)); // keeps what the others have beside one that is nearly certain
  return (logit) => logit - largest - logSum;
}
