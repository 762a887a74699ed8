/**
 * @file Where keys and values lie: one pool of elements in pages, pages in blocks, and in a block, for each of its layers, the keys of `blockSize`
 * tokens and then their values. For attention a group's memory is the whole pool as rows of n_kv · h_d elements, [rows, n_kv, h_d]; blocks and pages
 * are aligned to rows of all groups that they may hold.
 */
import type { DecoderConfig, KvPrecision } from '@arrowsmith/model';
import { kvBytes } from '@arrowsmith/model/kv-precision';
import type { Block } from './block-pool.ts';
import {
  firstVisible,
  groupsOf,
  mostVisible,
  ownerOf,
  rowElements,
  tokenElements,
  type LayerGroup,
  type AttentionSpan,
} from './layer-groups.ts';

/** Where attention finds a layer: in the blocks of its group, so many rows after a block's first. */
export interface LayerPlace {
  readonly group: number;
  readonly keyOffset: number;
  readonly valueOffset: number;
}

/** Rows of a group that follow one another. */
export interface Rows {
  readonly group: number;
  readonly first: number;
  readonly rows: number;
}

/** Blocks that hold the same layers. */
export interface BlockKind {
  readonly number: number;
  readonly members: readonly Member[];
  /** A block is kept while the next query sees a token of it, by this. */
  readonly span: AttentionSpan;
  readonly elements: number;
}

export interface KindOptions {
  readonly groups: readonly number[];
  readonly span: AttentionSpan;
}

/** A group in a block. */
interface Member {
  readonly group: number;
  /** Elements before it. */
  readonly offset: number;
  /** Elements of a row. */
  readonly row: number;
  /** For each layer of the group, its keys and its values. */
  readonly parts: number;
}

export class BlockLayout {
  readonly groups: readonly LayerGroup[];
  /** Where each layer of the decoder is. */
  readonly layers: readonly LayerPlace[];
  readonly kinds: readonly BlockKind[];
  /** Tokens of a block. */
  readonly blockSize: number;
  readonly pageElements: number;
  /** Bytes of so many elements, which are whole heads. */
  readonly bytesOf: (elements: number) => number;
  readonly #places: ReadonlyMap<number, { kind: BlockKind; member: Member }>;

  /** @param kindsOf which groups share blocks, by their numbers; each is in one kind */
  constructor(
    config: DecoderConfig,
    kindsOf: (groups: readonly LayerGroup[]) => KindOptions[],
    { blockSize, precision = 'f32' }: { blockSize: number; precision?: KvPrecision | undefined },
  ) {
    this.groups = groupsOf(config);
    this.bytesOf = kvBytes(config, precision);
    this.blockSize = blockSize;
    this.kinds = kindsOf(this.groups).map((options, number) => this.#kind(number, options));
    this.pageElements = this.kinds.map(({ elements }) => elements).reduce(leastCommonMultiple, 1);
    this.#places = new Map(
      this.kinds.flatMap((kind) => kind.members.map((member) => [member.group, { kind, member }] as const)),
    );
    this.layers = config.layers.map((_, layer) => {
      const owner = ownerOf(config, layer);
      const group = this.groups.findIndex(({ layers }) => layers.includes(owner));
      const keyOffset = 2 * this.groups[group]!.layers.indexOf(owner) * blockSize;
      return { group, keyOffset, valueOffset: keyOffset + blockSize };
    });
  }

  /** For each kind, how many of its blocks a page has. */
  get blocksPerPage(): number[] {
    return this.kinds.map(({ elements }) => this.pageElements / elements);
  }

  /** Blocks that hold so many tokens. */
  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockSize);
  }

  /** The first block of a kind that a query at a position, and any after it, needs. */
  firstBlock({ span }: BlockKind, position: number): number {
    return Math.floor(firstVisible(span, position) / this.blockSize);
  }

  /** The kind of the blocks that a group is in. */
  kindOf(group: number): BlockKind {
    return this.#place(group).kind;
  }

  /** The first row of a group in a block of its kind. */
  firstRow(group: number, { index }: Pick<Block, 'index'>): number {
    const { kind, member } = this.#place(group);
    return (index * kind.elements + member.offset) / member.row;
  }

  /** The rows of the first `tokens` tokens in a block, of all groups that are in it. */
  rowsOf({ members }: BlockKind, block: Pick<Block, 'index'>, tokens: number): Rows[] {
    return members.flatMap(({ group, parts }) => {
      const first = this.firstRow(group, block);
      if (tokens === 0) return [];
      if (tokens === this.blockSize) return [{ group, first, rows: parts * tokens }];
      return Array.from({ length: parts }, (_, part) => ({
        group,
        first: first + part * this.blockSize,
        rows: tokens,
      }));
    });
  }

  /** The most pages that one sequence of a length needs while its tokens come one at a time, if its blocks lie close. */
  pagesFor(length: number): number {
    const pages = this.kinds.map(({ span, elements }) => {
      // What is seen may begin within a block.
      const blocks = Math.min(this.blocksFor(length), this.blocksFor(mostVisible(span, length) - 1) + 1);
      return Math.ceil((blocks * elements) / this.pageElements);
    });
    return pages.reduce((sum, each) => sum + each, 0);
  }

  #kind(number: number, { groups, span }: KindOptions): BlockKind {
    const members: Member[] = [];
    let end = 0;
    for (const group of groups) {
      const shape = this.groups[group]!;
      const row = rowElements(shape);
      const offset = roundUp(end, row);
      members.push({ group, offset, row, parts: 2 * shape.layers.length });
      end = offset + tokenElements(shape) * this.blockSize;
    }
    const elements = roundUp(end, members.map(({ row }) => row).reduce(leastCommonMultiple, 1));
    return { number, members, span, elements };
  }

  #place(group: number): { kind: BlockKind; member: Member } {
    const place = this.#places.get(group);
    if (place === undefined) throw new RangeError(`there is no layer group ${group}`);
    return place;
  }
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

const leastCommonMultiple = (a: number, b: number): number => (a / greatestCommonDivisor(a, b)) * b;

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
