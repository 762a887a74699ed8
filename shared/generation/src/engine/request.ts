/** @file What an engine is asked for, and the sequences that it makes of that. */
import { randomUUID } from 'node:crypto';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { KvSequence } from '../kv/index.ts';
import {
  type ChosenToken,
  type GenerationParameters,
  type LogitsProcessor,
  processorsOf,
  samplingGenerator,
  type TokenLogProbability,
} from '../sampling/index.ts';
import type { DraftCounts } from './drafts.ts';
import type { KeptOutside } from './sequence-store.ts';

/** A text to be continued. */
export interface GenerationRequest {
  /** Token ids, at least one. */
  prompt: readonly number[];
  /** `stop` strings are the caller's matter, who has the tokenizer. */
  parameters: GenerationParameters;
  /** Tokens that end a text, and are not part of it. */
  endTokens?: readonly number[];
  /** What else excludes tokens: a thinking budget, a grammar. */
  constraints?: readonly LogitsProcessor[];
  /** Tell log-probabilities of the tokens, and of so many most likely ones beside each. */
  logProbabilities?: number | undefined;
  /** Tell the log-probabilities of the prompt's tokens as well, each given those before it. */
  promptLogProbabilities?: boolean;
  /** Which of several continuations of the prompt this is: each has random numbers of its own. */
  sample?: number;
  /** Whose keys and values may be shared: requests with another salt never see them. */
  salt?: string;
  /** Whether drafts are made of it, where the engine makes any; true by default. They change no token. */
  drafts?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** What ended a text: the model's end token, as many tokens as were asked for, or a full context. */
export type FinishReason = 'model' | 'length' | 'context';

/** What an engine tells of a request, in order. */
export type GenerationEvent =
  | {
      /** The prompt is read; the first token follows. */
      kind: 'prompt';
      /** Tokens of the prompt that were not computed, as another sequence had. */
      sharedTokens: number;
      /** Of all tokens of the prompt but the first, which nothing precedes; none where they are not asked for. */
      logProbabilities: (TokenLogProbability & { top: TokenLogProbability[] })[];
    }
  | ({ kind: 'token' } & ChosenToken)
  | {
      kind: 'end';
      reason: FinishReason;
      /** Tokens of the prompt that were not computed, as another sequence had. */
      sharedTokens: number;
      /** How often the sequence had to give its memory to others. */
      preemptions: number;
      drafts: DraftCounts;
    };

/** A sequence that an engine works on. */
export interface ActiveSequence {
  readonly request: GenerationRequest;
  /** Prompt and output. */
  readonly tokens: number[];
  readonly output: number[];
  readonly processors: readonly LogitsProcessor[];
  readonly rng: RandomGenerator;
  /** What samples of one request have in common, and no other sequence. */
  readonly group: symbol | undefined;
  /** Its keys and values: in memory, kept outside of it, or nowhere. */
  kv: KvSequence | undefined;
  outside: KeptOutside | undefined;
  sharedTokens: number;
  preemptions: number;
  /** How often its memory was lost since it got its last token. */
  losses: number;
  /** Tokens that may follow, to be verified by the next pass. */
  draft: readonly number[];
  /** Tokens that its next draft may have, by how many of the last ones were kept. */
  draftLength: number;
  readonly drafts: DraftCounts;
  /** Who shares its keys and values: nobody where the prompt's log-probabilities are told, as all of it has to be computed then. */
  readonly salt: string | undefined;
  /** Log-probabilities of the prompt so far, where they are told: of the token behind each position. */
  readonly promptScores: (TokenLogProbability & { top: TokenLogProbability[] })[];
  readonly put: (event: GenerationEvent) => void;
  readonly fail: (error: unknown) => void;
}

/** A sequence that nothing is computed of yet. */
export function beginSequence(
  request: GenerationRequest,
  { put, fail }: Pick<ActiveSequence, 'put' | 'fail'>,
  group?: symbol,
): ActiveSequence {
  const { prompt, parameters, endTokens = [], constraints = [], sample = 0 } = request;
  return {
    request,
    tokens: [...prompt],
    output: [],
    processors: processorsOf(parameters, { endTokens, constraints }),
    rng: samplingGenerator(parameters.seed, sample),
    group,
    kv: undefined,
    outside: undefined,
    sharedTokens: 0,
    preemptions: 0,
    losses: 0,
    draft: [],
    draftLength: Infinity,
    drafts: { drafted: 0, accepted: 0 },
    salt: request.promptLogProbabilities ? randomUUID() : request.salt,
    promptScores: [],
    put,
    fail,
  };
}
