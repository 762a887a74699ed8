/**
 * @file Memory for keys and values in blocks: tables of blocks for each sequence, references to blocks that sequences share, copies when one of them
 * writes (Kwon et al. 2023, https://arxiv.org/abs/2309.06180), prefixes found by digests, and for each kind of block its own rule of what to keep
 * (Jenga, https://arxiv.org/abs/2503.18292). Which layers share blocks, and how many tokens a block has, makes it one system or the other
 * ({@link file://./kv-memories.ts}).
 */
import { UserError } from '@arrowsmith/errors';
import { assert } from './assert.ts';
import { rootDigest } from './block-digest.ts';
import type { BlockLayout } from './block-layout.ts';
import { BlockPool, type Block } from './block-pool.ts';
import { cachedPrefix, shareCached } from './cached-prefix.ts';
import { checkTables } from './check-tables.ts';
import type { KvMemory, KvSequence, KvUse, RowCopy, SwappedSequence } from './kv-memory.ts';
import { checkCommitted, checkExtension, checkForked, checkPrompt } from './check-calls.ts';
import { kvUse } from './kv-use.ts';
import { copyBlock, copyMoved, OutsideRows, reversed } from './row-copies.ts';
import { SequenceBlocks, type BlockTable, type SequenceContent } from './sequence-blocks.ts';

/** What the engine is given for a sequence that is swapped out. */
interface Swapped extends SwappedSequence {
  readonly content: SequenceContent;
}

export class BlockMemory implements KvMemory {
  readonly contextLength: number;
  readonly elements: number;
  readonly #layout: BlockLayout;
  readonly #pool: BlockPool;
  readonly #isPreallocated: boolean;
  readonly #sequences = new Set<SequenceBlocks>();

  /**
   * @param isPreallocated whether a sequence has a block of its own from its beginning
   * @throws UserError when the bytes do not suffice for one sequence as long as the context
   */
  constructor(
    layout: BlockLayout,
    {
      bytes,
      contexts = 1,
      contextLength,
      isPreallocated = false,
    }: { bytes?: number | undefined; contexts?: number | undefined; contextLength: number; isPreallocated?: boolean },
  ) {
    const pageBytes = layout.bytesOf(layout.pageElements);
    const least = layout.pagesFor(contextLength);
    const pages = Math.floor(bytes === undefined ? contexts * least : bytes / pageBytes);
    if (!(pages >= least)) {
      throw new UserError({
        what: 'the memory for keys and values does not hold one sequence',
        expected: `at least ${pageBytes * least} bytes, for ${contextLength} tokens`,
        found: bytes === undefined ? `room for ${contexts} of them` : `${bytes}`,
        fix: 'give it more by cacheBytes, or lower contextLength, the tokens of a text at most',
      });
    }
    this.contextLength = contextLength;
    this.elements = pages * layout.pageElements;
    this.#layout = layout;
    this.#pool = new BlockPool(pages, layout.blocksPerPage);
    this.#isPreallocated = isPreallocated;
  }

  get groups() {
    return this.#layout.groups;
  }

  get layers() {
    return this.#layout.layers;
  }

  get blockSize() {
    return this.#layout.blockSize;
  }

  add(tokens: readonly number[], { salt = '' }: { salt?: string } = {}): KvSequence | undefined {
    checkPrompt(tokens.length, this.contextLength);
    const root = rootDigest(salt);
    const digests = cachedPrefix(this.#layout, this.#pool, root, tokens);
    const content = { length: digests.length * this.blockSize, root, digests, tail: [] };
    const sequence = new SequenceBlocks(this.#layout.kinds, content);
    this.#sequences.add(sequence);
    for (const table of sequence.tables) shareCached(this.#layout, this.#pool, table, content);
    const needed = sequence.tables.map(({ kind, blocks }) => {
      const first = Math.max(blocks.length, this.#layout.firstBlock(kind, tokens.length));
      return this.#blocksFor(tokens.length) - first;
    });
    if (this.#pool.hasRoom(needed) && this.#grow(sequence, 0) !== undefined) return sequence;
    this.free(sequence);
    return undefined;
  }

  extend(sequence: KvSequence, count: number): RowCopy[] | undefined {
    const own = this.#own(sequence);
    checkExtension(own.end, count, this.contextLength);
    return this.#grow(own, count);
  }

  commit(sequence: KvSequence, tokens: readonly number[]): void {
    const own = this.#own(sequence);
    checkCommitted(tokens.length, own.inFlight);
    const named = own.content.digests.length;
    own.append(tokens, this.blockSize);
    this.#cut(own);
    this.#register(own, named);
    for (const table of own.tables) {
      for (const end = this.#layout.firstBlock(table.kind, own.length); table.first < end; table.first++) {
        this.#release(table.blocks[table.first]);
        table.blocks[table.first] = undefined;
      }
    }
  }

  fork(sequence: KvSequence): { sequence: KvSequence; copies: RowCopy[] } | undefined {
    const own = this.#own(sequence);
    checkForked(own.inFlight);
    const fork = new SequenceBlocks(this.#layout.kinds, own.content);
    for (const table of fork.tables) {
      const { blocks, first } = own.tables[table.kind.number]!;
      table.blocks.push(...blocks);
      table.first = first;
      for (const block of blocks) if (block !== undefined) this.#pool.share(block);
    }
    this.#sequences.add(fork);
    const copies = this.#isPreallocated ? this.#grow(fork, 0) : [];
    if (copies !== undefined) return { sequence: fork, copies };
    this.free(fork);
    return undefined;
  }

  free(sequence: KvSequence): void {
    const own = this.#own(sequence);
    this.#sequences.delete(own);
    // From the end, in all kinds at once: a beginning is of use without its end, and in all kinds or none, and is to be evicted later.
    for (let i = this.#blocksFor(own.end) - 1; i >= 0; i--) {
      for (const { blocks } of own.tables) this.#release(blocks[i]);
    }
  }

  swapOut(sequence: KvSequence): { swapped: SwappedSequence; save: RowCopy[] } {
    const own = this.#own(sequence);
    own.inFlight = 0;
    this.#cut(own);
    const outside = new OutsideRows(this.#layout);
    const save = own.tables.flatMap(({ kind, blocks }) =>
      blocks.flatMap((block, i) => (block === undefined ? [] : outside.append(kind, block, this.#tokensIn(own, i)))),
    );
    this.free(own);
    const swapped: Swapped = { length: own.length, rows: outside.rows, content: own.content };
    return { swapped, save };
  }

  swapIn(swapped: SwappedSequence): { sequence: KvSequence; copies: RowCopy[]; restore: RowCopy[] } | undefined {
    const { content } = swapped as Swapped;
    const sequence = new SequenceBlocks(this.#layout.kinds, content);
    this.#sequences.add(sequence);
    // What is still there, or there again, is shared; the rest is copied in.
    const missing = sequence.tables.map((table) => {
      shareCached(this.#layout, this.#pool, table, content);
      for (let i = table.blocks.length; i < this.#blocksFor(content.length); i++) table.blocks.push(undefined);
      return table.blocks.slice(table.first).filter((block) => block === undefined).length;
    });
    const fresh = this.#pool.allocate(missing);
    if (fresh === undefined) {
      this.free(sequence);
      return undefined;
    }
    const outside = new OutsideRows(this.#layout);
    const restore: RowCopy[] = [];
    for (const { kind, blocks, first } of sequence.tables) {
      for (let i = first; i < blocks.length; i++) {
        const found = blocks[i];
        const block = found ?? (fresh.blocks[kind.number]!.shift() as Block);
        blocks[i] = block;
        const out = outside.append(kind, block, this.#tokensIn(sequence, i));
        if (found === undefined) restore.push(...out.map(reversed));
      }
    }
    this.#register(sequence, 0);
    return { sequence, copies: copyMoved(this.#layout, fresh.moves), restore };
  }

  blocks(sequence: KvSequence, group: number): Int32Array {
    const { blocks } = this.#table(this.#own(sequence), group);
    return Int32Array.from(blocks, (block) => (block === undefined ? -1 : this.#layout.firstRow(group, block)));
  }

  slots(sequence: KvSequence, group: number): Int32Array {
    const { blocks } = this.#table(this.#own(sequence), group);
    return Int32Array.from({ length: sequence.inFlight }, (_, i) => {
      const position = sequence.length + i;
      const block = blocks[Math.floor(position / this.blockSize)]!;
      return this.#layout.firstRow(group, block) + (position % this.blockSize);
    });
  }

  use(): KvUse {
    return kvUse(this.#layout, this.#pool, [...this.#sequences], this.#layout.bytesOf(this.elements));
  }

  check(): void {
    this.#pool.check();
    for (const { tables, end } of this.#sequences) {
      for (const { blocks } of tables)
        assert(blocks.length === this.#blocksFor(end), 'a sequence has blocks for its tokens');
    }
    checkTables(this.#layout, this.#pool, this.#sequences);
  }

  /** Tokens in a sequence's i-th block. */
  #tokensIn({ length }: KvSequence, i: number): number {
    return Math.min(this.blockSize, length - i * this.blockSize);
  }

  /** Blocks of a sequence with so many tokens. */
  #blocksFor(tokens: number): number {
    return this.#isPreallocated ? 1 : this.#layout.blocksFor(tokens);
  }

  /** Makes room for tokens after those that there is room for; a block that they are written to, and that others see, is replaced by a copy. */
  #grow(sequence: SequenceBlocks, count: number): RowCopy[] | undefined {
    const { end, tables } = sequence;
    const at = Math.floor(end / this.blockSize);
    const isShared = ({ blocks }: BlockTable) => (blocks[at]?.references ?? 0) > 1;
    const needed = tables.map(
      (table) => this.#blocksFor(end + count) - table.blocks.length + (isShared(table) ? 1 : 0),
    );
    const fresh = this.#pool.allocate(
      needed,
      tables.map(({ blocks }) => blocks.at(-1)),
    );
    if (fresh === undefined) return undefined;
    const copies = copyMoved(this.#layout, fresh.moves);
    for (const table of tables) {
      const { kind, blocks } = table;
      const own = fresh.blocks[kind.number]!;
      const shared = blocks[at];
      if (isShared(table) && shared !== undefined) {
        const copy = own.shift() as Block;
        copies.push(...copyBlock(this.#layout, kind, shared, copy, end % this.blockSize));
        this.#release(shared);
        blocks[at] = copy;
      }
      blocks.push(...own);
    }
    sequence.inFlight += count;
    return copies;
  }

  /** Gives blocks back that only tokens in flight had. */
  #cut(sequence: SequenceBlocks): void {
    for (const { blocks } of sequence.tables) {
      for (const block of blocks.splice(this.#blocksFor(sequence.end)).toReversed()) this.#release(block);
    }
  }

  /** Names the full blocks from one on, so that they can be found. */
  #register({ content: { digests }, tables }: SequenceBlocks, from: number): void {
    for (const { blocks } of tables) {
      for (const [i, digest] of digests.slice(from).entries()) {
        const block = blocks[from + i];
        if (block !== undefined) this.#pool.register(block, digest);
      }
    }
  }

  #release(block: Block | undefined): void {
    if (block !== undefined) this.#pool.release(block);
  }

  #table({ tables }: SequenceBlocks, group: number): BlockTable {
    return tables[this.#layout.kindOf(group).number]!;
  }

  #own(sequence: KvSequence): SequenceBlocks {
    if (sequence instanceof SequenceBlocks && this.#sequences.has(sequence)) return sequence;
    throw new Error('the sequence is not in this memory: it was freed or swapped out');
  }
}
