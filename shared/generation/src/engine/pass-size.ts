/** @file How many tokens an engine computes in one pass. */
import { countActiveParameters, type DecoderConfig } from '@arrowsmith/model';

/** Tokens of a pass, at most. */
export interface PassSize {
  /** Where somebody waits for the next token of a text, or many logits are wanted. */
  beside: number;
  /** Of prompts alone. */
  prompts: number;
}

/** Little enough that texts being written do not stop: a prompt's piece among their tokens (Sarathi, https://arxiv.org/abs/2403.02310). */
const BESIDE_TEXTS = 256;
/** What JavaScript does for a pass is little beside so many, of any model. */
const MOST_OF_PROMPTS = 2048;
/** Multiplications of a pass of prompts: of larger models, more tokens than these gain nothing, and whoever comes or leaves is seen after a pass. */
const MOST_WORK = 2 ** 33;

/** @param passTokens what somebody wants it to be, whatever is computed */
export function passSize(config: DecoderConfig, passTokens?: number): PassSize {
  if (passTokens !== undefined) return { beside: passTokens, prompts: passTokens };
  const prompts = Math.floor(MOST_WORK / countActiveParameters(config));
  return { beside: BESIDE_TEXTS, prompts: Math.max(BESIDE_TEXTS, Math.min(MOST_OF_PROMPTS, prompts)) };
}
