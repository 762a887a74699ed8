/** @file A sequence in memory: its blocks of each kind, and the names of those that are full. */
import { blockDigest } from './block-digest.ts';
import type { BlockKind } from './block-layout.ts';
import type { Block } from './block-pool.ts';
import type { KvSequence } from './kv-memory.ts';

/** The blocks of one kind. */
export interface BlockTable {
  readonly kind: BlockKind;
  /** By their place in the sequence; undefined: given back. */
  readonly blocks: (Block | undefined)[];
  /** The first that was not given back. */
  first: number;
}

/** What names the blocks of a sequence, wherever these are. */
export interface SequenceContent {
  length: number;
  /** The name before the first block. */
  readonly root: string;
  /** Names of full blocks. */
  readonly digests: string[];
  /** Tokens after those. */
  readonly tail: number[];
}

export class SequenceBlocks implements KvSequence {
  readonly content: SequenceContent;
  readonly tables: readonly BlockTable[];
  inFlight = 0;

  constructor(kinds: readonly BlockKind[], { length, root, digests, tail }: SequenceContent) {
    this.content = { length, root, digests: [...digests], tail: [...tail] };
    this.tables = kinds.map((kind) => ({ kind, blocks: [], first: 0 }));
  }

  get length(): number {
    return this.content.length;
  }

  /** Tokens that there is room for. */
  get end(): number {
    return this.content.length + this.inFlight;
  }

  /** Appends tokens that were computed, and names the blocks that they fill. */
  append(tokens: readonly number[], blockSize: number): void {
    const { root, digests, tail } = this.content;
    for (const token of tokens) {
      tail.push(token);
      if (tail.length === blockSize) digests.push(blockDigest(digests.at(-1) ?? root, tail.splice(0)));
    }
    this.content.length += tokens.length;
    this.inFlight = 0;
  }
}
