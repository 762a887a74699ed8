/** @file A comparison in words and tables: sections that become text on the console or Markdown. */
import prettyBytes from 'pretty-bytes';
import { printableLine } from '@arrowsmith/errors';
import { duration } from '@arrowsmith/pipeline/runs';
import { markdown, markdownTable } from '@arrowsmith/reporting/markdown';
import type { Comparison, LossDifference } from '../comparison/comparison.ts';
import { joinLines } from './join-lines.ts';
import { letter } from './letter.ts';
import { formatCommit } from './list.ts';
import { formatDifference, formatNumber, formatRelative, formatValue } from './numbers.ts';
import { formatSamples, markdownSamples, type SampleChoice } from './samples.ts';
import { fitTable, type Table } from './table.ts';
import { wrapText } from './wrap.ts';

/** A part of a comparison. */
interface Section {
  title: string;
  lines?: string[];
  table?: Table;
}

/** Before the lines of a section on the console. */
const INDENT = '  ';

/** @param spare as of a column */
const right = (title: string, spare?: number) => ({
  title,
  align: 'right' as const,
  ...(spare === undefined ? {} : { spare }),
});

const others = ({ runs }: Comparison): number[] => runs.slice(1).map((_, i) => i + 1);

/** What was compared. */
function subject(comparison: Comparison): Section[] {
  return [
    { title: 'Runs', table: runsSection(comparison) },
    ...(comparison.notices.length > 0 ? [{ title: 'Note', lines: comparison.notices }] : []),
  ];
}

/** All but the losses. */
function details(comparison: Comparison): Section[] {
  return [
    metricsSection(comparison),
    valuesSection(comparison),
    artifactsSection(comparison),
    { title: 'Time and size', table: costTable(comparison) },
  ];
}

const runsSection = ({ runs }: Comparison): Table => ({
  columns: [
    { title: '' },
    { title: 'run' },
    { title: 'name', shrinks: true },
    { title: 'pipeline', spare: 1 },
    { title: 'finished', spare: 3 },
    { title: 'commit', spare: 4 },
    { title: 'backend', spare: 2 },
    { title: 'notes', shrinks: true },
  ],
  rows: runs.map((run, i) => [
    letter(i),
    run.id,
    run.name ?? '',
    run.step === undefined ? run.pipeline : `${run.step}:${run.pipeline}`,
    run.finishedAt.slice(0, 16).replace('T', ' '),
    formatCommit(run),
    run.backend ?? '',
    run.notes ?? '',
  ]),
});

const VERDICTS: Record<LossDifference['verdict'], string> = {
  better: 'better',
  worse: 'worse',
  unclear: 'no clear difference',
  same: 'the same',
};

function lossSection(comparison: Comparison): Section[] {
  const { losses, runs } = comparison;
  if (losses.length === 0) return [];
  const rows = losses.flatMap(({ model, measure, values, documents, differences }) =>
    others(comparison).map((i) => {
      const difference = differences[i] ?? null;
      const [a, b] = [values[0] ?? null, values[i] ?? null];
      return [
        model,
        measure,
        ...(runs.length > 2 ? [`${letter(i)} − A`] : []),
        a === null ? '–' : formatNumber(a),
        b === null ? '–' : formatNumber(b),
        difference === null ? '–' : formatDifference(difference.difference),
        difference === null || a === null ? '' : formatRelative(difference.difference, a),
        difference === null ? '–' : `${formatDifference(difference.low)} … ${formatDifference(difference.high)}`,
        difference === null ? '–' : `${VERDICTS[difference.verdict]}${difference.paired ? '' : ' (other text)'}`,
        String(documents[i] ?? '–'),
      ];
    }),
  );
  return [
    {
      title: 'Losses over the evaluated text',
      lines: [
        'Lower is better. The interval (95 %, bootstrap over documents) tells what another choice of documents could give, not what another seed of training could.',
      ],
      table: {
        columns: [
          { title: 'model' },
          { title: 'measure' },
          ...(runs.length > 2 ? [{ title: 'runs' }] : []),
          right('A'),
          right(runs.length > 2 ? 'other' : 'B'),
          right('difference', 2),
          right(''),
          { title: 'interval', spare: 1 },
          { title: 'verdict', shrinks: true },
          right('documents', 3),
        ],
        rows,
      },
    },
  ];
}

function metricsSection(comparison: Comparison): Section {
  const { metrics, runs } = comparison;
  const differing = metrics.filter(({ values }) => new Set(values).size > 1);
  const same = metrics.length - differing.length;
  const rows = differing.map(({ step, name, unit, values, differences, verdicts, better }) => [
    `${step}.${name}`,
    ...values.map((value) => (value === null ? '–' : formatNumber(value))),
    ...others(comparison).flatMap((i) => {
      const difference = differences[i] ?? null;
      if (difference === null) return ['', values[0] === null || values[i] === null ? '' : 'not comparable'];
      return [formatDifference(difference), formatRelative(difference, values[0]!)];
    }),
    [...(unit === null ? [] : [unit]), ...(better === null ? [] : [`${better} is better`])].join(', '),
    others(comparison)
      .map((i) => verdicts[i])
      .map((verdict) => (verdict ? VERDICTS[verdict] : ''))
      .join(', ')
      .replace(/^(, )+$/, ''),
  ]);
  return {
    title: 'Metrics',
    lines: same > 0 ? [`${same} of ${metrics.length} are the same.`] : [],
    ...(rows.length > 0
      ? {
          table: {
            columns: [
              { title: 'metric' },
              ...runs.map((_, i) => right(letter(i))),
              ...others(comparison).flatMap((i) => [
                right(`${letter(i)} − A`, 2),
                right('', runs.length > 2 ? 1 : undefined),
              ]),
              { title: 'direction', spare: 3 },
              { title: 'verdict', shrinks: true },
            ],
            rows,
          },
        }
      : {}),
  };
}

function valuesSection({ parameters, environments, runs }: Comparison): Section {
  const rows = [
    ...parameters.map(({ step, path, values }) => [`${step}.${path}`, ...values.map(formatValue)]),
    ...environments.map(({ step, path, values }) => [`${step} environment ${path}`, ...values.map(formatValue)]),
  ];
  if (rows.length === 0) return { title: 'Parameters', lines: ['All are the same.'] };
  return {
    title: 'Parameters that differ',
    table: {
      columns: [
        { title: 'parameter', shrinks: true },
        ...runs.map((_, i) => ({ title: letter(i), shrinks: true as const })),
      ],
      rows,
    },
  };
}

function artifactsSection(comparison: Comparison): Section {
  const { artifacts, divergences, runs } = comparison;
  const rows = artifacts.map(({ step, manifests, same, sameCode, files }) => [
    step,
    ...manifests.map((digest) => digest?.slice(0, 12) ?? '–'),
    same ? `same${sameCode ? '' : ', from other code'}` : `differs${files.length > 0 ? `: ${files.join(', ')}` : ''}`,
  ]);
  const lines = others(comparison).map((i) => {
    const divergence = divergences[i] ?? null;
    const who = runs.length > 2 ? `${letter(i)} and A` : 'They';
    if (divergence !== null) return `${who} first diverge at ${divergence.step}: ${divergence.causes.join(', ')}.`;
    return `${who} have the same artifacts in all steps that both have.`;
  });
  return {
    title: 'Artifacts',
    lines,
    table: {
      columns: [
        { title: 'step' },
        ...runs.map((_, i) => ({ title: letter(i), spare: 1 })),
        { title: '', shrinks: true },
      ],
      rows,
    },
  };
}

function costTable({ artifacts, runs }: Comparison): Table {
  const time = (seconds: number | null): string => (seconds === null ? '–' : duration(1000 * seconds));
  const size = (bytes: number | null): string => (bytes === null ? '–' : prettyBytes(bytes));
  const total = (values: (number | null)[]): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const perRun = <T>(of: (i: number) => T): T[] => runs.map((_, i) => of(i));
  return {
    columns: [
      { title: 'step' },
      ...perRun((i) => right(`time ${letter(i)}`, 1)),
      ...perRun((i) => right(`size ${letter(i)}`, 2)),
    ],
    rows: [
      ...artifacts.map(({ step, seconds, bytes }) => [step, ...seconds.map(time), ...bytes.map(size)]),
      [
        'all',
        ...perRun((i) => time(total(artifacts.map(({ seconds }) => seconds[i] ?? null)))),
        ...perRun((i) => size(total(artifacts.map(({ bytes }) => bytes[i] ?? null)))),
      ],
    ],
  };
}

/** Text for the console. */
export interface ConsoleOptions {
  /** Of the terminal that shows it; undefined where none does. */
  columns?: number | undefined;
  /** Which of the samples that differ. */
  samples?: SampleChoice | undefined;
}

/** Text for the console, which ends with what is judged: losses, and what is said of their noise. */
export function formatComparison(
  comparison: Comparison,
  { columns = Infinity, samples = 'first' }: ConsoleOptions = {},
): string {
  const width = columns - INDENT.length;
  const leftOut = new Set<string>();
  const format = ({ title, lines = [], table }: Section): string => {
    const fitted = table && fitTable(table, { width });
    for (const each of fitted?.leftOut ?? []) leftOut.add(each);
    const said = lines.flatMap((line) => wrapText(printableLine(line), width));
    return [title, ...said, ...(fitted?.lines ?? [])].join(`\n${INDENT}`);
  };
  const parts = [...subject(comparison), ...details(comparison)].map(format);
  const losses = lossSection(comparison).map(format);
  const shown = formatSamples(comparison.samples, { columns, choice: samples });
  const narrow = `There is no room here for the columns ${[...leftOut].join(', ')}; --markdown has them.`;
  const said = leftOut.size === 0 ? [] : [wrapText(narrow, columns).join('\n')];
  return ['', ...parts, ...shown, ...said, ...losses, ''].join('\n\n');
}

/** Markdown, as GitHub shows it: for pull requests and step summaries. @param samples which of those that differ */
export function markdownComparison(
  comparison: Comparison,
  { samples = 'all' }: Pick<ConsoleOptions, 'samples'> = {},
): string {
  const { runs } = comparison;
  const sections = [...subject(comparison), ...lossSection(comparison), ...details(comparison)];
  const parts = sections.flatMap(({ title, lines = [], table }) => [
    markdown`### ${title}`,
    ...(lines.length > 0 ? [joinLines(lines.map((line) => markdown`- ${line}`))] : []),
    ...(table ? [joinLines(markdownTable(table.columns, table.rows))] : []),
  ]);
  const title = markdown`## ${runs.map(({ name, id }) => name ?? id).join(' · ')}`;
  return joinLines([title, ...parts, ...markdownSamples(comparison, samples)], '\n\n') + '\n';
}
