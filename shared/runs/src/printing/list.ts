/** @file The list of runs on the console. */
import { duration, type DamagedFile, type Run } from '@arrowsmith/pipeline';
import { fieldOf } from '../selection/fields.ts';
import { formatNumber } from './numbers.ts';
import { consoleTable, type Table } from './table.ts';

/** What is shown of a run beside what it is sorted or filtered by. */
const METRICS = ['metrics.bitsPerByte', 'metrics.validationLoss'];

/** @param extra fields that get a column of their own */
export function runsTableOf(runs: readonly Run[], extra: readonly string[] = []): Table {
  const own = new Set(['id', 'name', 'pipeline', 'finishedAt', 'seconds', 'commit', 'dirty', 'backend', 'notes']);
  const fields = [...new Set([...METRICS, ...extra])].filter((field) => !own.has(field));
  const shown = fields.filter((field) => runs.some((run) => fieldOf(run, field) !== undefined));
  return {
    columns: [
      { title: 'run' },
      { title: 'name' },
      { title: 'pipeline' },
      { title: 'finished' },
      { title: 'took', align: 'right' },
      { title: 'commit' },
      { title: 'backend' },
      ...shown.map((field) => ({ title: field.replace('metrics.', ''), align: 'right' as const })),
      { title: 'notes' },
    ],
    rows: runs.map((run) => [
      run.id,
      run.name ?? '',
      run.stage === undefined ? run.pipeline : `${run.stage}:${run.pipeline}`,
      run.finishedAt.slice(0, 16).replace('T', ' '),
      duration(1000 * run.seconds),
      formatCommit(run),
      run.backend ?? '',
      ...shown.map((field) => formatField(fieldOf(run, field))),
      (run.notes ?? '').replaceAll(/\s+/g, ' '),
    ]),
  };
}

const formatField = (value: ReturnType<typeof fieldOf>): string =>
  typeof value === 'number' ? formatNumber(value) : String(value ?? '');

/** `1a2b3c4d5e6f`, with `+` where files differed from the commit. */
export const formatCommit = ({ commit, dirty }: Pick<Run, 'commit' | 'dirty'>): string =>
  commit === undefined ? '' : `${commit.slice(0, 12)}${dirty ? '+' : ''}`;

/** The list, and what was not read. @param total runs in the ledger */
export function formatList(
  runs: readonly Run[],
  { total, extra }: { total: number; extra: readonly string[] },
): string {
  const count = `${runs.length} of ${total} ${total === 1 ? 'run' : 'runs'}`;
  if (runs.length === 0) return count;
  const table = runsTableOf(runs, extra);
  const used = table.columns.map((_, i) => table.rows.some((row) => row[i] !== ''));
  const trimmed: Table = {
    columns: table.columns.filter((_, i) => used[i]),
    rows: table.rows.map((row) => row.filter((_, i) => used[i])),
  };
  return [...consoleTable(trimmed), '', count].join('\n');
}

/** What is wrong with the ledger, for the error output. */
export function formatDamage(damaged: readonly DamagedFile[]): string {
  return damaged
    .map(({ path, reason, readable }) => {
      const rest =
        readable === 0
          ? 'nothing of it is shown'
          : `${readable} ${readable === 1 ? 'run' : 'runs'} of it could be read`;
      return `!! a file of the runs ledger is damaged: ${path}: ${reason}; ${rest}. It is left as it is: restore it, or move it away`;
    })
    .join('\n');
}
