/** @file Which rows to copy when a block's content goes elsewhere. */
import type { BlockKind, BlockLayout, Rows } from './block-layout.ts';
import type { Block, BlockMove } from './block-pool.ts';
import type { RowCopy } from './kv-memory.ts';

/** Where a block is. */
type Place = Pick<Block, 'index'>;

/** Copies a block's first tokens to another of its kind. */
export function copyBlock(
  layout: BlockLayout,
  kind: BlockKind,
  source: Place,
  target: Place,
  tokens: number,
): RowCopy[] {
  const to = layout.rowsOf(kind, target, tokens);
  return layout.rowsOf(kind, source, tokens).map((from, i) => rowCopy(from, to[i]!.first));
}

/** Copies blocks that moved, one after the other. */
export const copyMoved = (layout: BlockLayout, moves: readonly BlockMove[]): RowCopy[] =>
  moves.flatMap(({ kind, from, to }) =>
    copyBlock(layout, layout.kinds[kind]!, { index: from }, { index: to }, layout.blockSize),
  );

/** Rows outside of the memory that blocks are copied to, or from, one block's behind the other's. */
export class OutsideRows {
  /** For each group, how many there are. */
  readonly rows: number[];
  readonly #layout: BlockLayout;

  constructor(layout: BlockLayout) {
    this.#layout = layout;
    this.rows = layout.groups.map(() => 0);
  }

  /** Copies a block's first tokens to the next rows outside. */
  append(kind: BlockKind, block: Block, tokens: number): RowCopy[] {
    return this.#layout.rowsOf(kind, block, tokens).map((from) => {
      const to = this.rows[from.group]!;
      this.rows[from.group] = to + from.rows;
      return rowCopy(from, to);
    });
  }
}

/** The same copy, back. */
export const reversed = ({ group, from, to, rows }: RowCopy): RowCopy => ({ group, from: to, to: from, rows });

const rowCopy = ({ group, first, rows }: Rows, to: number): RowCopy => ({ group, from: first, to, rows });
