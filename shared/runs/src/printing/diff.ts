/** @file The difference of two artifacts on the console. */
import prettyBytes from 'pretty-bytes';
import { printableLine } from '@arrowsmith/errors';
import type { ArtifactDiff, FileDiff, MergesDiff, TableDiff, TensorDiff } from '../diff/diff.ts';
import { formatNumber } from './numbers.ts';
import { consoleTable } from './table.ts';

/** Merges that are shown. */
const MERGES = 20;

/** Characters of a metadata value that are shown. */
const SHOWN = 60;

export function formatDiff({ a, b, files }: ArtifactDiff): string {
  const lines = ['', `A  ${a}`, `B  ${b}`, '', ...files.flatMap((file) => [...formatFile(file), ''])];
  return lines.map(printableLine).join('\n'); // names, metadata and rows stay on their lines
}

function formatFile({ file, only, same, bytes, table }: FileDiff): string[] {
  const size = (count: number | null): string => (count === null ? '–' : prettyBytes(count));
  if (only !== undefined) return [`${file}  only in ${only.toUpperCase()} (${size(bytes[only])})`];
  if (same) return [`${file}  the same, byte for byte (${size(bytes.a)})`];
  return [
    `${file}  ${size(bytes.a)} → ${size(bytes.b)}`,
    ...(table ? formatTable(table) : ['  not an Arrow table: only told apart']),
  ];
}

function formatTable({ kind, schema, rows, tensors, merges }: TableDiff): string[] {
  const shown = (value: string | null): string =>
    value === null ? '(none)' : value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
  const columns = schema.columns.map(({ name, a, b }) => `  column ${name}: ${shown(a)} → ${shown(b)}`);
  const metadata = schema.metadata.map(({ key, a, b }) => `  metadata ${key}: ${shown(a)} → ${shown(b)}`);
  return [
    `  kind ${kind}${columns.length === 0 ? ', the same columns' : ''}`,
    ...columns,
    ...metadata,
    rows.reordered
      ? `  the same ${formatNumber(rows.a)} rows in another order`
      : `  rows: ${formatNumber(rows.a)} → ${formatNumber(rows.b)}, ${formatNumber(rows.added)} added, ${formatNumber(rows.removed)} removed`,
    ...(tensors || merges
      ? []
      : [...rows.examples.removed.map((row) => `    − ${row}`), ...rows.examples.added.map((row) => `    + ${row}`)]),
    ...(tensors ? formatTensors(tensors) : []),
    ...(merges ? formatMerges(merges) : []),
  ];
}

function formatTensors(tensors: readonly TensorDiff[]): string[] {
  const shape = (dimensions: number[] | null): string => (dimensions === null ? '–' : `[${dimensions.join(', ')}]`);
  const number = (value: number | null, digits: number): string => (value === null ? '–' : value.toFixed(digits));
  const rows = tensors.map(({ name, shapes, relative, maximum, cosine }) => [
    name,
    shape(shapes.a) === shape(shapes.b) ? shape(shapes.a) : `${shape(shapes.a)} → ${shape(shapes.b)}`,
    number(relative, 4),
    maximum === null ? '–' : formatNumber(maximum),
    number(cosine, 6),
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [{ title: 'tensor' }, { title: 'shape' }, right('relative L2'), right('largest'), right('cosine')];
  return consoleTable({ columns, rows }).map((line) => `  ${line}`);
}

function formatMerges({ a, b, added, removed, firstDifference }: MergesDiff): string[] {
  const list = (sign: string, merges: readonly string[]): string[] => [
    ...merges.slice(0, MERGES).map((merge) => `    ${sign} ${merge}`),
    ...(merges.length > MERGES ? [`    ${sign} … and ${merges.length - MERGES} more`] : []),
  ];
  return [
    `  merges: ${formatNumber(a)} → ${formatNumber(b)}, ${added.length} added, ${removed.length} removed`,
    firstDifference === null
      ? '  the same order'
      : `  the order first differs at rank ${firstDifference.rank}: ${firstDifference.a ?? '(end)'} → ${firstDifference.b ?? '(end)'}`,
    ...list('−', removed),
    ...list('+', added),
  ];
}
