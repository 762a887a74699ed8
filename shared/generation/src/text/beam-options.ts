/** @file What the likeliest continuations of a text are searched with. */
import * as z from 'zod';
import { checkOptions } from '../check-options.ts';

/** How continuations are searched: as Hugging Face defines beam search. */
export interface BeamSearch {
  /** Continuations that are kept at each length; as many are returned at most. Default 4. */
  beams?: number | undefined;
  /** Of a continuation at most. Default 128. */
  maximumTokens?: number | undefined;
  /** Above 0 longer continuations are preferred, below 0 shorter ones. Default 1: the mean log-probability counts. */
  lengthPenalty?: number | undefined;
  /**
   * When the search ends, once there are as many finished continuations as asked for: `true` at once; `false` when the best open one is no better
   * than the worst finished one; `never` only when it cannot become better. Default false.
   */
  earlyStopping?: boolean | 'never' | undefined;
  /** Stops between two tokens. */
  signal?: AbortSignal | undefined;
}

/** A continuation that was found. */
export interface TextBeam {
  text: string;
  /** Ids of its tokens. */
  tokens: number[];
  /** Sum of the log-probabilities of its tokens, and of the token that ended it. */
  logProbability: number;
  /** What continuations are ranked by: the sum divided by (number of tokens, with the end token) to the length penalty. */
  score: number;
  /** `model` where a token ended it, else `length`: as long as it may be, or the context. */
  finishReason: 'model' | 'length';
}

/** More of them are a slip of the keyboard: each has a context of its own. */
const MOST_BEAMS = 1024;

const beamSearchOptions = z.strictObject({
  beams: z.int().min(1).max(MOST_BEAMS).optional(),
  maximumTokens: z.int().min(1).optional(),
  lengthPenalty: z.number().optional(),
  earlyStopping: z.union([z.boolean(), z.literal('never')]).optional(),
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal').optional(),
});

/** @throws UserError for an unknown option, and for a value that one cannot have */
export function checkBeamSearch(options: BeamSearch): void {
  checkOptions(beamSearchOptions, options, { what: 'continuations cannot be searched with these options' });
}
