/** @file Drafts for speculative decoding: guesses of the next tokens of a text, which the model verifies in one pass. */
import { UserError } from '@arrowsmith/errors';
import type { KvUse } from '../kv/index.ts';
import { lookUpDraft } from '../sampling/index.ts';
import { DraftModel } from './draft-model.ts';
import type { CacheOptions, EngineModel } from './model-passes.ts';
import type { ActiveSequence } from './request.ts';

/** Where drafts come from. */
export interface DraftOptions {
  /**
   * A smaller model with the same tokens (Leviathan et al. 2023, https://arxiv.org/abs/2211.17192), such as one that `extractNested` takes out of a
   * nested model; or `prompt-lookup`: what followed the last tokens where they stood in the text before.
   */
  by: EngineModel | 'prompt-lookup';
  /** Tokens of a draft at most. */
  tokens?: number | undefined;
  /** The least probability that a smaller model gives to a token of a draft, which ends before the first with less. Default 0.4, as Hugging Face has. */
  confidence?: number | undefined;
  /** Of the memory for a smaller model's keys and values; by default for as many contexts as the model itself has. */
  cacheBytes?: number | undefined;
}

/** How many tokens were drafted and verified, and how many of them were kept: their share is the acceptance rate. */
export interface DraftCounts {
  drafted: number;
  accepted: number;
}

/** A text, and how many tokens of a draft it can have. */
export interface DraftRequest {
  sequence: ActiveSequence;
  count: number;
}

/** Who makes drafts. */
export interface Drafter {
  /** @returns a draft for each text, which may be shorter than asked for, and empty */
  draft(asked: readonly DraftRequest[]): Promise<number[][]>;
  /** The sequence has no memory any more, and maybe nobody wants it. */
  release(sequence: ActiveSequence): void;
  readonly use: KvUse | undefined;
  /** For tests: @throws Error where accounts do not agree */
  check(): void;
  dispose(): void;
}

/** @throws UserError when a draft model has other tokens than the model, or no room for one sequence */
export function drafterOf(
  { by, confidence, cacheBytes }: DraftOptions,
  { config }: EngineModel,
  options: Omit<CacheOptions, 'cacheBytes'> & { passTokens: number },
): Drafter {
  if (by === 'prompt-lookup') return promptLookup;
  const { vocabularySize, contextLength } = by.config;
  if (vocabularySize !== config.vocabularySize) {
    throw new UserError({
      what: 'the draft model has other tokens than the model',
      expected: `a vocabulary of ${config.vocabularySize}`,
      found: `one of ${vocabularySize}`,
      fix: 'take a model that was trained with the same tokenizer',
    });
  }
  const length = Math.min(options.contextLength, contextLength);
  return new DraftModel(by, { ...options, confidence, cacheBytes, contextLength: length });
}

/** What followed one token alone is too seldom what follows it now. */
const SHORTEST_RUN = 2;

const promptLookup: Drafter = {
  draft: (asked) =>
    Promise.resolve(
      asked.map(({ sequence: { tokens }, count }) =>
        lookUpDraft(tokens, { count, shortest: SHORTEST_RUN }).slice(0, count),
      ),
    ),
  release() {},
  use: undefined,
  check() {},
  dispose() {},
};
