/** @file Tables for the console; their cells are those of the tables in Markdown. */
import { printableLine } from '@arrowsmith/errors';
import { fitColumns } from './fit-columns.ts';
import { cutText, widthOf, wrapText } from './wrap.ts';

export interface TableColumn {
  title: string;
  align?: 'right';
  /** Its cells may take several lines, or be cut, where the terminal has no room for all. */
  shrinks?: true;
  /** It may be left out where the terminal has no room for all; the largest first. */
  spare?: number;
}

export interface Table {
  columns: TableColumn[];
  rows: string[][];
}

/** A table as lines that fit. */
export interface FittedTable {
  lines: string[];
  /** Titles of columns that there was no room for. */
  leftOut: string[];
}

export interface TableFit {
  /** Columns of the terminal; undefined, or Infinity, where none shows it. */
  width?: number | undefined;
  /** Whether a row is one line, whose cells are cut where they do not fit; otherwise they are wrapped. */
  isCut?: boolean;
}

/** Columns padded to their widest cell, two spaces apart; a cell stays on its line. */
export const consoleTable = (table: Table): string[] => fitTable(table).lines;

/** The same in a terminal: columns are left out and cells wrapped or cut as far as its width asks for that. */
export function fitTable(table: Table, { width = Infinity, isCut = false }: TableFit = {}): FittedTable {
  const all = table.columns.map((column) => ({ ...column, title: printableLine(column.title) }));
  const rows = table.rows.map((row) => row.map(printableLine));
  const { kept, widths } = fitColumns(all, rows, width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const padding = ' '.repeat(Math.max(0, widths[i]! - widthOf(cell)));
        return all[kept[i]!]!.align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  const linesOf = (row: readonly string[], cutsCells: boolean): string[] => {
    const cells = kept.map((column, i) =>
      cutsCells ? [cutText(row[column]!, widths[i]!)] : wrapText(row[column]!, widths[i]!),
    );
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, i) => line(cells.map((cell) => cell[i] ?? '')));
  };
  const titles = all.map(({ title }) => title);
  return {
    lines: [...linesOf(titles, false), ...rows.flatMap((row) => linesOf(row, isCut))],
    leftOut: titles.filter((title, i) => !kept.includes(i) && title !== '' && rows.some((row) => row[i] !== '')),
  };
}

/** Texts beside each other, each in a column of equal width. */
export function sideBySide(texts: readonly string[], width: number): string[] {
  const column = columnWidth(texts.length, width);
  const wrapped = texts.map((text) => wrapText(text, column));
  const height = Math.max(...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, i) =>
    wrapped
      .map((lines) => lines[i] ?? '')
      .map((line) => line + ' '.repeat(Math.max(0, column - widthOf(line))))
      .join(' │ ')
      .trimEnd(),
  );
}

/** Columns that each of several texts side by side has. */
export const columnWidth = (texts: number, width: number): number => Math.floor((width - 3 * (texts - 1)) / texts);
