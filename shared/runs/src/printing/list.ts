/** @file The list of runs on the console. */
import { duration, type DamagedFile, type Run } from '@arrowsmith/pipeline/runs';
import { markdownTable } from '@arrowsmith/reporting/markdown';
import { differingParameters } from '../selection/differing-parameters.ts';
import { fieldOf } from '../selection/fields.ts';
import { formatNumber } from './numbers.ts';
import { fitTable, type Table, type TableColumn } from './table.ts';
import { wrapText } from './wrap.ts';

/** Metrics that are shown where nothing else is asked for. */
const METRICS = ['metrics.bitsPerByte', 'metrics.validationLoss'];

/** So many parameters get a column of their own unasked; a terminal has no room for more. */
const MOST_PARAMETERS = 4;

/** A longer value of a parameter is cut. */
const LONGEST_VALUE = 24;

/** What a narrow terminal does without, the first the soonest; after them those that were asked for go, from the last on. */
const SPARE = ['commit', 'backend', 'finishedAt'];

/** Fields whose text is cut where there is no room for it. */
const SHRINKING = ['name', 'notes'];

/** Properties of a run that are shown otherwise than they are kept. */
const OWN: Record<string, { title: string; right?: true; cell: (run: Run) => string } | undefined> = {
  id: { title: 'run', cell: ({ id }) => id },
  pipeline: {
    title: 'pipeline',
    cell: ({ pipeline, step }) => (step === undefined ? pipeline : `${step}:${pipeline}`),
  },
  finishedAt: { title: 'finished', cell: ({ finishedAt }) => finishedAt.slice(0, 16).replace('T', ' ') },
  seconds: { title: 'took', right: true, cell: ({ seconds }) => duration(1000 * seconds) },
  commit: { title: 'commit', cell: (run) => formatCommit(run) },
  notes: { title: 'notes', cell: ({ notes }) => (notes ?? '').replaceAll(/\s+/g, ' ') },
};

/** Columns by field, whatever a run's field is: `seconds`, `metrics.bitsPerByte`, `train.steps`. The first is the run's id. */
export function tableOfFields(runs: readonly Run[], fields: readonly string[]): Table {
  const columns = [...new Set(['id', ...fields])].map((field) => {
    const own = Object.hasOwn(OWN, field) ? OWN[field] : undefined;
    const isText = own?.right === undefined && (own !== undefined || isTextual(runs, field));
    const column: TableColumn = {
      title: own?.title ?? field.replace(/^metrics\./, ''),
      ...(isText ? {} : { align: 'right' }),
      ...(SHRINKING.includes(field) ? { shrinks: true } : {}),
    };
    return {
      column,
      cell: own?.cell ?? ((run: Run) => formatField(fieldOf(run, field))),
    };
  });
  return {
    columns: columns.map(({ column }) => column),
    rows: runs.map((run) => columns.map(({ cell }) => cell(run))),
  };
}

/**
 * The usual table of runs.
 * @param extra fields that get a column of their own
 */
export function runsTableOf(runs: readonly Run[], extra: readonly string[] = []): Table {
  const shown = [...METRICS, ...extra].filter((field) => runs.some((run) => fieldOf(run, field) !== undefined));
  const before = ['name', 'pipeline', 'finishedAt', 'seconds', 'commit', 'backend'];
  const fields = [...before, ...shown.filter((field) => field !== 'notes'), 'notes'];
  const { columns, rows } = tableOfFields(runs, fields);
  const spare = (field: string, i: number): number => {
    const place = SPARE.indexOf(field);
    return place < 0 ? i : fields.length + SPARE.length - place;
  };
  return {
    columns: columns.map((column, i) => (i === 0 ? column : { ...column, spare: spare(fields[i - 1]!, i) })),
    rows,
  };
}

const isTextual = (runs: readonly Run[], field: string): boolean =>
  runs.some((run) => typeof fieldOf(run, field) === 'string');

function formatField(value: ReturnType<typeof fieldOf>): string {
  if (typeof value === 'number') return formatNumber(value);
  const text = String(value ?? '').replaceAll(/\s+/g, ' ');
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 1)}…`;
}

/** `1a2b3c4d5e6f`, with `+` where files differed from the commit. */
export const formatCommit = ({ commit, dirty }: Pick<Run, 'commit' | 'dirty'>): string =>
  commit === undefined ? '' : `${commit.slice(0, 12)}${dirty ? '+' : ''}`;

/** What a list of runs shows. */
export interface ListOptions {
  /** Runs in the ledger. */
  total: number;
  /** Fields that get a column beside the usual ones. */
  extra?: readonly string[];
  /** Fields that are the columns; none others are shown. */
  columns?: readonly string[] | undefined;
  /** Runs that are not listed, and the one that each repeats. */
  repeats?: ReadonlyMap<string, string>;
  markdown?: boolean;
  /** Of the terminal that shows it; Infinity where none does. */
  width?: number | undefined;
}

/** The list, the parameters that differ among its runs, and what is not in it. */
export function formatList(runs: readonly Run[], options: ListOptions): string {
  const {
    total,
    extra = [],
    columns,
    repeats = new Map<string, string>(),
    markdown = false,
    width = Infinity,
  } = options;
  const listed = new Set(runs.map(({ id }) => id));
  const folded = [...repeats.values()].filter((id) => listed.has(id)).length;
  const differing = columns === undefined ? differingParameters(runs).filter((field) => !extra.includes(field)) : [];
  const notes = [
    `${runs.length} of ${total} ${total === 1 ? 'run' : 'runs'}`,
    ...(folded === 0
      ? []
      : [
          `${folded} cached ${folded === 1 ? 'rerun' : 'reruns'} of these, in which nothing was computed, not listed: --all shows ${folded === 1 ? 'it' : 'them'}`,
        ]),
    ...(differing.length <= MOST_PARAMETERS
      ? []
      : [
          `${differing.length - MOST_PARAMETERS} more parameters differ: --columns=${differing.slice(MOST_PARAMETERS, MOST_PARAMETERS + 3).join(',')} shows ${differing.length === MOST_PARAMETERS + 1 ? 'it' : 'them'}`,
        ]),
  ];
  const wrapped = (lines: readonly string[]): string[] =>
    markdown ? [...lines] : lines.flatMap((line) => wrapText(line, width));
  if (runs.length === 0) return wrapped(notes).join('\n');
  const fields = [...extra, ...differing.slice(0, MOST_PARAMETERS)];
  const table = columns === undefined ? withoutEmptyColumns(runsTableOf(runs, fields)) : tableOfFields(runs, columns);
  if (markdown) return [...markdownTable(table.columns, table.rows), '', ...notes].join('\n');
  const { lines, leftOut } = fitTable(table, { width, isCut: true });
  return [...lines, '', ...wrapped([...notes, ...noRoomFor(leftOut)])].join('\n');
}

/** What a table in a narrow terminal lacks, where it lacks some. */
export const noRoomFor = (titles: readonly string[]): string[] =>
  titles.length === 0
    ? []
    : [`There is no room here for ${titles.join(', ')}; a wider terminal and --columns show them.`];

function withoutEmptyColumns({ columns, rows }: Table): Table {
  const used = columns.map((_, i) => rows.some((row) => row[i] !== ''));
  return { columns: columns.filter((_, i) => used[i]), rows: rows.map((row) => row.filter((_, i) => used[i])) };
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
