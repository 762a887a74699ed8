/** @file Losses by position in the context, or whatever else a table says by a column `position`. */
import { capitalized, formatName } from '../format.ts';
import type { Html } from '../html.ts';
import { lineFigure, type Panel, type Series } from '../line-figure.ts';
import type { ReportTable } from '../run.ts';
import { type Entry, isNumeric, numbersOf, textsOf } from './entry.ts';

/** Colours of lines in the style sheet; more lines than that begin again. */
const COLORS = 8;

/** How much a value rests on, not worth a plot. */
const COUNTS = ['tokens', 'count', 'rows', 'predictions'];

export const hasPositions = ({ columns }: ReportTable): boolean => isNumeric(columns['position']);

/** One plot per numeric column; one line per artifact and text, e.g. per model. */
export function positionCurves(id: string, given: readonly Entry[]): Html {
  const entries = given.map((entry) => ({ ...entry, table: withMeans(entry.table) }));
  const { columns, file } = entries[0]!.table;
  const names = Object.keys(columns).filter((name) => name !== 'position' && isNumeric(columns[name]));
  const lines = (name: string): Series[] =>
    entries
      .flatMap(({ label, table }) =>
        [...linesOf(table, name)].map(([key, points]) => ({ label: [label, key].filter(Boolean).join(', '), points })),
      )
      .map((line, at) => ({ ...line, color: (at % COLORS) + 1 }));
  const unitOf = (name: string) => (name === 'loss' ? 'nats per token' : undefined);
  return lineFigure({
    id,
    title: capitalized(formatName(entries[0]!.table.kind)),
    x: 'position',
    panels: names
      .filter((name) => !COUNTS.includes(name))
      .map((name): Panel => ({
        title: `${capitalized(formatName(name))} by position`,
        unit: unitOf(name),
        wide: true,
        logarithmic: true,
        series: lines(name),
      })),
    beside: names
      .filter((name) => COUNTS.includes(name))
      .flatMap((name) => lines(name).map((line) => ({ ...line, label: `${formatName(name)} ${line.label}` }))),
    source: file,
  });
}

/** Sums of nats over tokens as their means. */
function withMeans(table: ReportTable): ReportTable {
  const { nats, ...columns } = table.columns;
  if (nats === undefined || columns['tokens'] === undefined) return table;
  const tokens = numbersOf(table, 'tokens');
  const loss = numbersOf(table, 'nats').map((sum, row) => (sum === undefined ? null : sum / tokens[row]!));
  return { ...table, columns: { ...columns, loss } };
}

/** Points by what the table's text columns say. */
function linesOf(table: ReportTable, name: string): Map<string, Series['points']> {
  const keys = Object.keys(table.columns).filter((other) => typeof table.columns[other]![0] === 'string');
  const texts = keys.map((key) => textsOf(table, key));
  const values = numbersOf(table, name);
  const lines = new Map<string, (readonly [number, number])[]>();
  for (const [row, position] of numbersOf(table, 'position').entries()) {
    const value = values[row];
    if (position === undefined || value === undefined) continue;
    const key = texts.map((text) => text[row]).join(', ');
    const line = lines.get(key) ?? [];
    if (line.length === 0) lines.set(key, line);
    line.push([position, value]);
  }
  return lines;
}
