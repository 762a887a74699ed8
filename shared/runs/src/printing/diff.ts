/** @file The difference of two artifacts on the console, or as Markdown. */
import prettyBytes from 'pretty-bytes';
import { printableLine } from '@arrowsmith/errors';
import { code, markdown, markdownTable } from '@arrowsmith/reporting/markdown';
import type { ArtifactDiff, FileDiff, MergesDiff, TableDiff, TensorDiff } from '../diff/diff.ts';
import { joinLines } from './join-lines.ts';
import { formatNumber } from './numbers.ts';
import { consoleTable, type Table } from './table.ts';

/** Merges that are shown. */
const MERGES = 20;

/** Characters of a metadata value that are shown. */
const SHOWN = 60;

/** What is said of a file, whatever it is shown in. */
interface Said {
  /** Beside its name. */
  head: string;
  facts: string[];
  /** What is in one of the two only. */
  changes: string[];
  tensors?: Table;
}

export function formatDiff({ a, b, files }: ArtifactDiff): string {
  const parts = files.flatMap((file) => {
    const { head, facts, changes, tensors } = say(file);
    return [
      `${file.file}  ${head}`,
      ...facts.map((fact) => `  ${fact}`),
      ...changes.map((change) => `    ${change}`),
      ...(tensors ? consoleTable(tensors).map((line) => `  ${line}`) : []),
      '',
    ];
  });
  const lines = ['', `A  ${a}`, `B  ${b}`, '', ...parts];
  return lines.map(printableLine).join('\n'); // names, metadata and rows stay on their lines
}

/** Markdown, as GitHub shows it: for pull requests and step summaries. */
export function markdownDiff({ a, b, files }: ArtifactDiff): string {
  const parts = files.flatMap((file) => {
    const { head, facts, changes, tensors } = say(file);
    const items = [
      ...[head, ...facts].map((fact) => markdown`- ${fact}`),
      ...changes.map((change) => markdown`  - ${change}`),
    ];
    return [
      markdown`### ${code(file.file)}`,
      joinLines(items),
      ...(tensors ? [joinLines(markdownTable(tensors.columns, tensors.rows))] : []),
    ];
  });
  return joinLines([markdown`## ${code(a)} · ${code(b)}`, ...parts], '\n\n') + '\n';
}

function say({ only, same, bytes, table }: FileDiff): Said {
  const size = (count: number | null): string => (count === null ? '–' : prettyBytes(count));
  if (only !== undefined)
    return { head: `only in ${only.toUpperCase()} (${size(bytes[only])})`, facts: [], changes: [] };
  if (same) return { head: `the same, byte for byte (${size(bytes.a)})`, facts: [], changes: [] };
  const head = `${size(bytes.a)} → ${size(bytes.b)}`;
  return table ? { head, ...sayTable(table) } : { head, facts: ['not an Arrow table: only told apart'], changes: [] };
}

function sayTable({ kind, schema, rows, tensors, merges }: TableDiff): Omit<Said, 'head'> {
  const shown = (value: string | null): string =>
    value === null ? '(none)' : value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
  const columns = schema.columns.map(({ name, a, b }) => `column ${name}: ${shown(a)} → ${shown(b)}`);
  const metadata = schema.metadata.map(({ key, a, b }) => `metadata ${key}: ${shown(a)} → ${shown(b)}`);
  const facts = [
    `kind ${kind}${columns.length === 0 ? ', the same columns' : ''}`,
    ...columns,
    ...metadata,
    rows.reordered
      ? `the same ${formatNumber(rows.a)} rows in another order`
      : `rows: ${formatNumber(rows.a)} → ${formatNumber(rows.b)}, ${formatNumber(rows.added)} added, ${formatNumber(rows.removed)} removed`,
  ];
  if (tensors) return { facts, changes: [], tensors: tensorsTable(tensors) };
  if (merges) return { facts: [...facts, ...mergesFacts(merges)], changes: mergesChanges(merges) };
  const { removed, added } = rows.examples;
  return { facts, changes: [...removed.map((row) => `− ${row}`), ...added.map((row) => `+ ${row}`)] };
}

function tensorsTable(tensors: readonly TensorDiff[]): Table {
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
  return { columns, rows };
}

const mergesFacts = ({ a, b, added, removed, firstDifference }: MergesDiff): string[] => [
  `merges: ${formatNumber(a)} → ${formatNumber(b)}, ${added.length} added, ${removed.length} removed`,
  firstDifference === null
    ? 'the same order'
    : `the order first differs at rank ${firstDifference.rank}: ${firstDifference.a ?? '(end)'} → ${firstDifference.b ?? '(end)'}`,
];

function mergesChanges({ added, removed }: MergesDiff): string[] {
  const list = (sign: string, merges: readonly string[]): string[] => [
    ...merges.slice(0, MERGES).map((merge) => `${sign} ${merge}`),
    ...(merges.length > MERGES ? [`${sign} … and ${merges.length - MERGES} more`] : []),
  ];
  return [...list('−', removed), ...list('+', added)];
}
