/** @file All trainings in a table: how large they are, and what they take of this machine. */
import type { Finding, TrainingCost, TrainingRow } from './finding.ts';
import { roughly } from './training.ts';

const rounded = (count: number): string =>
  count >= 1e9
    ? `${(count / 1e9).toFixed(1)} G`
    : count >= 1e6
      ? `${(count / 1e6).toFixed(1)} M`
      : `${(count / 1e3).toFixed(0)} k`;

const gigabytes = ({ memory }: TrainingCost): string => `${(memory / 1e9).toFixed(2)} GB`;

const time = ({ seconds }: TrainingCost): string =>
  seconds === null ? 'does not fit' : roughly(seconds).replace('about ', '');

/** Columns of words begin at the left, those of numbers end at the right. */
const COLUMNS: readonly { title: string; isNumber: boolean; of: (row: TrainingRow) => string }[] = [
  { title: 'training', isNumber: false, of: ({ name }) => name },
  { title: 'parameters', isNumber: true, of: ({ parameters }) => rounded(parameters) },
  { title: 'tokens', isNumber: true, of: ({ tokens }) => rounded(tokens) },
  { title: 'memory', isNumber: true, of: ({ taken }) => gigabytes(taken) },
  { title: 'time', isNumber: true, of: ({ taken }) => time(taken) },
  { title: 'tokens/s', isNumber: true, of: ({ taken }) => rate(taken) },
  { title: 'backend', isNumber: false, of: ({ taken }) => taken.backend },
  {
    title: 'or',
    isNumber: false,
    of: ({ other }) => (other === undefined ? '' : `${time(other)}, ${gigabytes(other)} on ${other.backend}`),
  },
];

const rate = ({ tokensPerSecond }: TrainingCost): string =>
  tokensPerSecond === null ? '' : Math.round(tokensPerSecond).toLocaleString('en-US');

/** The lines of a table of those findings that are trainings; none where there are none. A column that would be empty is left out. */
export function formatTrainings(findings: readonly Finding[]): string[] {
  const rows = findings.flatMap(({ training }) => (training === undefined ? [] : [training]));
  if (rows.length === 0) return [];
  const columns = COLUMNS.map(({ title, isNumber, of }) => {
    const cells = [title, ...rows.map(of)];
    const width = Math.max(...cells.map((cell) => cell.length));
    return {
      cells: cells.map((cell) => (isNumber ? cell.padStart(width) : cell.padEnd(width))),
      isEmpty: rows.every((row) => of(row) === ''),
    };
  }).filter(({ isEmpty }) => !isEmpty);
  return ['', ...rows].map((_, line) =>
    columns
      .map(({ cells }) => cells[line])
      .join('  ')
      .trimEnd(),
  );
}
