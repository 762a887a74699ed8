/** @file Options of an engine, and which values they can have. */
import type { KvPrecision } from '@arrowsmith/model';
import * as z from 'zod';
import { checkOptions } from '../check-options.ts';
import { kvMemories } from '../kv/index.ts';
import type { DraftOptions } from './drafts.ts';
import type { CacheOptions } from './model-passes.ts';
import type { Preemption } from './scheduler.ts';
import type { AttentionTier } from './sequence-store.ts';

export interface EngineOptions extends Pick<CacheOptions, 'cache' | 'cachePrecision' | 'blockSize'> {
  /** Of the memory for keys and values; by default what `contexts` take. */
  cacheBytes?: number | undefined;
  /** Full contexts that memory is taken for, where nothing is said of bytes; by default as many as `sequences`, eight at most. */
  contexts?: number | undefined;
  /** Longest sequence; that of the model by default. */
  contextLength?: number | undefined;
  /**
   * Tokens that one pass computes at most: prompts come in pieces of no more. By default 256 where there are texts being written, or log-probabilities of
   * prompts are told, and otherwise up to 2,048 of a small model.
   */
  passTokens?: number | undefined;
  /** Sequences that are computed side by side at most. */
  sequences?: number | undefined;
  preemption?: Preemption | undefined;
  /** Speculative decoding: who drafts tokens, several of which are verified by one pass. */
  drafts?: DraftOptions | undefined;
  /** Who keeps keys and values, and computes attention, in place of this process: `AttentionWorkers`. Memory is of each of its workers then. */
  attention?: AttentionTier | undefined;
}

const CACHES = Object.keys(kvMemories) as (keyof typeof kvMemories)[];
const PRECISIONS = ['f32', 'int8'] as const satisfies readonly KvPrecision[];
const PREEMPTIONS = ['recompute', 'swap'] as const satisfies readonly Preemption[];

const count = z.int().min(1).optional();
const bytes = z.number().positive().optional();
const object = z.custom<object>((value) => typeof value === 'object' && value !== null, 'an object');

/** Of the memory for keys and values, and of passes: what `searchBeams` takes, too. */
export const passOptions = z.strictObject({
  cache: z.enum(CACHES).optional(),
  blockSize: count,
  passTokens: count,
});

const engineOptions = passOptions.extend({
  cachePrecision: z.enum(PRECISIONS).optional(),
  cacheBytes: bytes,
  contexts: count,
  contextLength: count,
  sequences: count,
  preemption: z.enum(PREEMPTIONS).optional(),
  drafts: z
    .strictObject({
      by: z.union([z.literal('prompt-lookup'), object]),
      tokens: count,
      confidence: z.number().min(0).max(1).optional(),
      cacheBytes: bytes,
    })
    .optional(),
  attention: object.optional(),
});

/** @param within what they are a part of @throws UserError for an unknown option, and for a value that one cannot have, which might have an engine never answer */
export function checkEngineOptions(options: unknown, within?: string): asserts options is EngineOptions {
  checkOptions(engineOptions, options, {
    what: 'there is no engine with these options',
    ...(within === undefined ? {} : { within }),
  });
}
