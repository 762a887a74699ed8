/**
 * @file What an engine asks of the memory for keys and values, whichever system manages it. It is bookkeeping alone: the engine owns one pool of
 * `elements` numbers and does with it what it is told here. In a step:
 *
 * 1. `add` a new sequence, which may begin with a prefix that is there already, or `swapIn` a preempted one; `extend` each sequence by the tokens
 *    to be computed. No answer means no room: wait for others to end, or preempt one by `swapOut`, or by `free` to compute it anew.
 * 2. Make the copies that come back, each time at once and in order; blocks of other sequences may have moved, too.
 * 3. Compute: write keys and values of the new tokens to `slots`, attend by `blocks`.
 * 4. `commit` the tokens that were computed.
 *
 * Key j of a sequence in a layer is the row `blocks[⌊j / blockSize⌋] + j % blockSize + keyOffset` of [rows, n_kv, h_d], its value
 * the same with `valueOffset`. The rows are those of the layer's group: `elements / (n_kv · h_d)` of them are the pool.
 */
import type { LayerPlace } from './block-layout.ts';
import type { LayerGroup } from './layer-groups.ts';

/** A sequence in memory. */
export interface KvSequence {
  /** Tokens whose keys and values are computed. */
  readonly length: number;
  /** Tokens after them that there is room for, and that are to be computed. */
  readonly inFlight: number;
}

/** Rows of a group to be copied: within its memory, or between that and memory outside (swapping). */
export interface RowCopy {
  readonly group: number;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** A sequence whose keys and values the engine keeps elsewhere. */
export interface SwappedSequence {
  readonly length: number;
  /** For each group, how many rows are kept. */
  readonly rows: readonly number[];
}

/** What memory is used for, in bytes. Tokens in flight count as stored. */
export interface KvUse {
  /** The pool's size. */
  capacity: number;
  /** Taken by sequences, and not to be had for others: their blocks, and what is left of the pages that these are in. */
  held: number;
  /** Tokens in the blocks of sequences; those of a shared block once. The rest of what is held is waste, by fragmentation and padding. */
  stored: number;
  /** Those of the stored that the next queries still see. */
  visible: number;
  /** Of no sequence, kept for prefixes to come until there is need of room. */
  cached: number;
  /** The least that sequences could take that share nothing: in each layer, the tokens that their next queries see. */
  ideal: number;
}

export interface KvMemory {
  readonly groups: readonly LayerGroup[];
  /** Where each layer of the decoder is. */
  readonly layers: readonly LayerPlace[];
  /** Tokens of a block. */
  readonly blockSize: number;
  /** Longest sequence. */
  readonly contextLength: number;
  /** Numbers that the pool has room for. */
  readonly elements: number;

  /**
   * Begins a sequence. What is there of the prompt's beginning, from sequences with the same salt, is shared: at most all tokens but the last,
   * which has to be computed for the logits that follow it.
   *
   * There is an answer only if all of the prompt that must be kept has room now; but it is `extend` that takes it.
   *
   * @param tokens the prompt
   * @param salt who may share: a tenant, with all else that keys depend on besides tokens (an adapter, pictures)
   * @returns a sequence whose length is that of the shared prefix; undefined where there is no room
   * @throws UserError when the prompt is empty or longer than the context
   */
  add(tokens: readonly number[], options?: { salt?: string }): KvSequence | undefined;

  /**
   * Makes room for tokens to be computed. Fewer may have room where many have not; a sequence that is alone always has room for one.
   *
   * @returns copies to be made; undefined where there is no room, and nothing has changed
   * @throws UserError when the sequence would be longer than the context
   */
  extend(sequence: KvSequence, count: number): RowCopy[] | undefined;

  /**
   * Says which tokens were computed: all in flight, or the first of them, where the others were rejected (speculative decoding). Full blocks may
   * be shared from now on; memory that later queries do not see is given back.
   */
  commit(sequence: KvSequence, tokens: readonly number[]): void;

  /**
   * A second sequence with the same tokens, none of which is in flight.
   *
   * @returns undefined where there is no room
   */
  fork(sequence: KvSequence): { sequence: KvSequence; copies: RowCopy[] } | undefined;

  /** Ends a sequence. What it held may be found as a prefix until its room is needed. */
  free(sequence: KvSequence): void;

  /**
   * Takes a sequence out of memory, without its tokens in flight.
   *
   * @returns which rows are to be saved, at once, `to` those that the engine keeps for it in each group
   */
  swapOut(sequence: KvSequence): { swapped: SwappedSequence; save: RowCopy[] };

  /**
   * Brings a sequence back, maybe elsewhere. May be done more than once.
   *
   * @returns copies to be made first, and which rows are to be restored, `from` those that the engine keeps; undefined where there is no room
   */
  swapIn(swapped: SwappedSequence): { sequence: KvSequence; copies: RowCopy[]; restore: RowCopy[] } | undefined;

  /** For attention in the layers of a group: the first row of each block of a sequence; -1: nothing there, as no query sees it any more. */
  blocks(sequence: KvSequence, group: number): Int32Array;

  /** For each token in flight, the row that, with a layer's offsets, its key and value are written to. */
  slots(sequence: KvSequence, group: number): Int32Array;

  use(): KvUse;

  /** For tests: @throws Error where the accounts do not agree */
  check(): void;
}
