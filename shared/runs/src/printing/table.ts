/** @file Tables for the console; their cells are those of the tables in Markdown. */
import stringWidth from 'string-width';
import { printable, printableLine } from '@arrowsmith/errors';

/** Columns that a text takes in a terminal. Most are ASCII, which needs no tables of Unicode, and all of a comparison is measured several times. */
const widthOf = (text: string): number => (/^[ -~]*$/.test(text) ? text.length : stringWidth(text));

export interface Table {
  columns: { title: string; align?: 'right' }[];
  rows: string[][];
}

/** Columns padded to their widest cell, two spaces apart; a cell stays on its line. */
export function consoleTable(table: Table): string[] {
  const columns = table.columns.map(({ title, align }) => ({ title: printableLine(title), align }));
  const rows = table.rows.map((row) => row.map(printableLine));
  const widths = columns.map(({ title }, i) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[i]!))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const padding = ' '.repeat(Math.max(0, widths[i]! - widthOf(cell)));
        return columns[i]!.align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

/** Breaks text into lines of at most `width` columns, at spaces where there are some; its own line breaks stay. */
export function wrapText(text: string, width: number): string[] {
  return printable(text)
    .split('\n')
    .flatMap((paragraph) => {
      const lines = [''];
      for (const word of paragraph.split(' ')) {
        const line = lines.at(-1)!;
        const longer = line === '' ? word : `${line} ${word}`;
        if (widthOf(longer) <= width) lines[lines.length - 1] = longer;
        else lines.push(...inPieces(word, width));
      }
      return lines;
    });
}

function inPieces(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word];
  const pieces = [''];
  for (const character of word) {
    if (widthOf(pieces.at(-1)! + character) > width) pieces.push('');
    pieces[pieces.length - 1] += character;
  }
  return pieces;
}

/** Texts beside each other, each in a column of equal width. */
export function sideBySide(texts: readonly string[], width: number): string[] {
  const column = Math.floor((width - 3 * (texts.length - 1)) / texts.length);
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
