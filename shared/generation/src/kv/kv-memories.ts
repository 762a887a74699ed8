/** @file The systems that manage the memory for keys and values, by what they put into a block. */
import type { DecoderConfig, KvPrecision } from '@arrowsmith/model';
import { BlockLayout } from './block-layout.ts';
import { BlockMemory } from './block-memory.ts';
import type { KvMemory } from './kv-memory.ts';

export interface KvMemoryOptions {
  config: DecoderConfig;
  /** Of the pool, at most. */
  bytes?: number | undefined;
  /** Where bytes are left out: room for so many sequences as long as the context, which share nothing; 1 where this is left out, too. */
  contexts?: number | undefined;
  /** How keys and values are kept; float32 where it is left out. */
  precision?: KvPrecision | undefined;
  /** Tokens of a block; 16 where it is left out. */
  blockSize?: number | undefined;
  /** Longest sequence; that of the model where it is left out. */
  contextLength?: number | undefined;
}

/** What vLLM found best for most models and loads (Kwon et al. 2023, section 7.2). */
const BLOCK_SIZE = 16;

const EVERYTHING = { window: 0, chunk: 0 };

/**
 * The baseline: each sequence has a region for as many tokens as the context, from its beginning to its end. Nothing is shared.
 *
 * @throws UserError when the bytes do not suffice for one sequence as long as the context
 */
export function contiguousMemory({
  config,

  precision,
  contextLength = config.contextLength,
  ...room
}: KvMemoryOptions): KvMemory {
  const layout = new BlockLayout(config, (groups) => [{ groups: [...groups.keys()], span: EVERYTHING }], {
    blockSize: contextLength,
    precision,
  });
  return new BlockMemory(layout, { ...room, contextLength, isPreallocated: true });
}

/**
 * PagedAttention (Kwon et al. 2023, https://arxiv.org/abs/2309.06180): a block has a few tokens of all layers, comes when there are tokens for it,
 * and stays as long as the sequence, whatever of it is still seen.
 *
 * @throws UserError when the bytes do not suffice for one sequence as long as the context
 */
export function pagedMemory({
  config,

  precision,
  blockSize = BLOCK_SIZE,
  contextLength = config.contextLength,
  ...room
}: KvMemoryOptions): KvMemory {
  const layout = new BlockLayout(config, (groups) => [{ groups: [...groups.keys()], span: EVERYTHING }], {
    blockSize,
    precision,
  });
  return new BlockMemory(layout, { ...room, contextLength });
}

/**
 * Jenga (Zhang et al. 2025, https://arxiv.org/abs/2503.18292): a block has a few tokens of the layers that see alike, and goes when none of these
 * sees it any more.
 *
 * @throws UserError when the bytes do not suffice for one sequence as long as the context
 */
export function heterogeneousMemory({
  config,

  precision,
  blockSize = BLOCK_SIZE,
  contextLength = config.contextLength,
  ...room
}: KvMemoryOptions): KvMemory {
  const layout = new BlockLayout(config, (groups) => groups.map((span, i) => ({ groups: [i], span })), {
    blockSize,
    precision,
  });
  return new BlockMemory(layout, { ...room, contextLength });
}

/** All of them, by name. */
export const kvMemories = {
  contiguous: contiguousMemory,
  paged: pagedMemory,
  heterogeneous: heterogeneousMemory,
} as const;
