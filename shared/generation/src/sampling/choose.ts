/** @file From the logits of a place in a sequence to the token that stands there. */
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { type TokenLogProbability, tokenLogProbabilities } from './log-probabilities.ts';
import { type LogitsProcessor, processLogits, type TokenSequence } from './processors.ts';
import { type Filters, sampleToken } from './sample.ts';

/** How a token is chosen. */
export interface ChoiceOptions {
  /** Temperature, top-k, top-p, min-p. */
  filters: Filters;
  /** What changes the logits before, in order; `processorsOf` makes them of parameters. */
  processors: readonly LogitsProcessor[];
  /** The token with the largest logit, the first of equal ones, where it is known already. */
  likeliest?: number | undefined;
  /** Tell the token's log-probability, and those of so many most likely tokens. Absent: tell none. */
  logProbabilities?: number | undefined;
}

/** A token that was chosen. */
export interface ChosenToken {
  id: number;
  /** By the model's own logits, where they were asked for. */
  logProbabilities: (TokenLogProbability & { top: TokenLogProbability[] }) | undefined;
}

/**
 * Chooses the next token of a sequence.
 *
 * @param logits [V] of the sequence's next token; stay as they are
 * @param rng the sequence's own, of `samplingGenerator`; is advanced by one draw, at temperature 0 by none
 * @throws UserError when no token is left to choose, or the logits are no numbers
 */
export function chooseToken(
  logits: Float32Array,
  sequence: TokenSequence,
  { filters, processors, likeliest, logProbabilities }: ChoiceOptions,
  rng: RandomGenerator,
): ChosenToken {
  const isLikeliest = filters.temperature === 0 && processors.length === 0;
  const id =
    isLikeliest && likeliest !== undefined
      ? likeliest
      : sampleToken(processLogits(logits, processors, sequence), filters, rng);
  return {
    id,
    logProbabilities: logProbabilities === undefined ? undefined : tokenLogProbabilities(logits, id, logProbabilities),
  };
}
