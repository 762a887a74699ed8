/** @file Which columns of a table a terminal has room for, and how wide they are. */
import type { TableColumn } from './table.ts';
import { widthOf } from './wrap.ts';

/** Between two columns. */
const GAP = 2;

/** Cells that are wrapped or cut keep so many columns. */
const LEAST = 12;

export interface FittedColumns {
  /** Places of the columns that are shown. */
  kept: number[];
  /** Of each of them, what it takes. */
  widths: number[];
}

/**
 * Columns that fit: as wide as their cells where that is possible; otherwise those without any text go, then spare ones, and what shrinks
 * is narrowed. A table of which that is not enough is wider than asked for.
 *
 * @param rows printable
 * @param width columns of the terminal
 */
export function fitColumns(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): FittedColumns {
  const cells = columns.map((_, i) => Math.max(0, ...rows.map((row) => widthOf(row[i]!))));
  const natural = columns.map(({ title }, i) => Math.max(widthOf(title), cells[i]!));
  const least = columns.map(({ title, shrinks }, i) => {
    const word = Math.max(...title.split(' ').map(widthOf));
    return Math.max(word, shrinks === true ? Math.min(cells[i]!, LEAST) : cells[i]!);
  });
  const total = (kept: readonly number[], widths: readonly number[]): number =>
    kept.reduce((sum, i) => sum + widths[i]! + GAP, -GAP);
  const all = columns.map((_, i) => i);
  if (total(all, natural) <= width) return { kept: all, widths: natural };

  let kept = all.filter((i) => cells[i]! > 0);
  const dropped: number[] = [];
  const spare = kept.filter((i) => columns[i]!.spare !== undefined);
  for (const i of spare.sort((a, b) => columns[b]!.spare! - columns[a]!.spare!)) {
    if (total(kept, least) <= width) break;
    kept = kept.filter((each) => each !== i);
    dropped.unshift(i);
  }
  for (const i of dropped) {
    const more = [...kept, i].sort((a, b) => a - b);
    if (total(more, least) <= width) kept = more;
  }
  const widths = [...natural];
  while (total(kept, widths) > width) {
    const wide = kept.filter((i) => widths[i]! > least[i]!);
    if (wide.length === 0) break;
    const titles = wide.filter((i) => columns[i]!.shrinks !== true); // which lose nothing on several lines
    const candidates = titles.length > 0 ? titles : wide;
    widths[candidates.reduce((widest, i) => (widths[i]! > widths[widest]! ? i : widest))]!--;
  }
  return { kept, widths: kept.map((i) => widths[i]!) };
}
