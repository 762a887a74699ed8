/** @file A comparison in words and tables: sections that become text on the console or Markdown. */
import prettyBytes from 'pretty-bytes';
import { printableLine } from '@arrowsmith/errors';
import { duration } from '@arrowsmith/pipeline/runs';
import { markdown, markdownTable } from '@arrowsmith/reporting/markdown';
import type { Comparison, LossDifference, SampleComparison } from '../comparison/comparison.ts';
import { joinLines } from './join-lines.ts';
import { formatCommit } from './list.ts';
import { formatDifference, formatNumber, formatRelative, formatValue } from './numbers.ts';
import { consoleTable, sideBySide, type Table } from './table.ts';

/** A part of a comparison. */
interface Section {
  title: string;
  lines?: string[];
  table?: Table;
}

/** Columns of the console. */
const WIDTH = 120;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** How a run is called in the tables: A is the one that the others are compared with. */
const letter = (i: number): string => LETTERS[i] ?? `run ${i + 1}`;

const right = (title: string) => ({ title, align: 'right' as const });

const others = ({ runs }: Comparison): number[] => runs.slice(1).map((_, i) => i + 1);

function sections(comparison: Comparison): Section[] {
  return [
    { title: 'Runs', table: runsSection(comparison) },
    ...(comparison.notices.length > 0 ? [{ title: 'Note', lines: comparison.notices }] : []),
    ...lossSection(comparison),
    metricsSection(comparison),
    valuesSection(comparison),
    artifactsSection(comparison),
    { title: 'Time and size', table: costTable(comparison) },
  ];
}

const runsSection = ({ runs }: Comparison): Table => ({
  columns: ['', 'run', 'name', 'pipeline', 'finished', 'commit', 'backend', 'notes'].map((title) => ({ title })),
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
          right('difference'),
          right(''),
          { title: 'interval' },
          { title: 'verdict' },
          right('documents'),
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
    ...others(comparison).map((i) => {
      const difference = differences[i] ?? null;
      if (difference === null) return values[0] === null || values[i] === null ? '' : 'not comparable';
      return `${formatDifference(difference)} (${formatRelative(difference, values[0]!)})`;
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
              ...others(comparison).map((i) => right(`${letter(i)} − A`)),
              { title: '' },
              { title: 'verdict' },
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
    table: { columns: [{ title: 'parameter' }, ...runs.map((_, i) => ({ title: letter(i) }))], rows },
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
    table: { columns: [{ title: 'step' }, ...runs.map((_, i) => ({ title: letter(i) })), { title: '' }], rows },
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
      ...perRun((i) => right(`time ${letter(i)}`)),
      ...perRun((i) => right(`size ${letter(i)}`)),
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

const sampleTitle = ({ model, method, temperature, topK, topP, seed, prompt }: SampleComparison): string => {
  const how = [
    ...(temperature === 0 ? [] : [`temperature ${temperature}`]),
    ...(topK === 0 ? [] : [`top-k ${topK}`]),
    ...(topP === 1 ? [] : [`top-p ${topP}`]),
    ...(temperature === 0 ? [] : [`seed ${seed}`]),
  ];
  return `${model}, ${[method, ...how].join(', ')}, prompt ${JSON.stringify(prompt)}`;
};

/** Samples that are not the same in all runs, and a sentence on those that are. */
function samplesOf({ samples }: Comparison): { differing: SampleComparison[]; same: string | undefined } {
  const differing = samples.filter(({ texts }) => new Set(texts).size > 1);
  const same = samples.length - differing.length;
  if (same === 0) return { differing, same: undefined };
  const count = same === samples.length ? 'All' : `${same} of`;
  return { differing, same: `${count} ${samples.length} are the same in all runs.` };
}

/** Text for a terminal of 120 columns. */
export function formatComparison(comparison: Comparison): string {
  const parts = sections(comparison).map(({ title, lines = [], table }) =>
    [title, ...lines.map(printableLine), ...(table ? consoleTable(table) : [])].join('\n  '),
  );
  const { differing, same } = samplesOf(comparison);
  const samples = differing.map((sample) => {
    const texts = sample.texts.map((text, i) => `${letter(i)}\n${text ?? '(none)'}`);
    const body =
      sample.texts.length <= 3
        ? sideBySide(texts, WIDTH - 4)
        : texts.flatMap((text) => [...sideBySide([text], WIDTH - 4), '']);
    return [`  ${printableLine(sampleTitle(sample))}`, ...body.map((line) => `    ${line}`.trimEnd())].join('\n');
  });
  const section = ['Samples', ...(same === undefined ? [] : [`  ${same}`]), ...samples];
  return ['', ...parts, ...(section.length > 1 ? [section.join('\n\n')] : []), ''].join('\n\n');
}

/** Markdown, as GitHub shows it: for pull requests and step summaries. */
export function markdownComparison(comparison: Comparison): string {
  const { runs } = comparison;
  const { differing, same } = samplesOf(comparison);
  const parts = sections(comparison).flatMap(({ title, lines = [], table }) => [
    markdown`### ${title}`,
    ...(lines.length > 0 ? [joinLines(lines.map((line) => markdown`- ${line}`))] : []),
    ...(table ? [joinLines(markdownTable(table.columns, table.rows))] : []),
  ]);
  const columns = runs.map((_, i) => ({ title: letter(i) }));
  const shown = differing.flatMap((sample) => [
    markdown`<details>
<summary>${sampleTitle(sample)}</summary>`,
    joinLines(markdownTable(columns, [sample.texts.map((text) => text ?? '(none)')])),
    '</details>',
  ]);
  const samples = [...(same === undefined ? [] : [markdown`${same}`]), ...shown];
  const title = markdown`## ${runs.map(({ name, id }) => name ?? id).join(' · ')}`;
  return joinLines([title, ...parts, ...(samples.length > 0 ? ['### Samples', ...samples] : [])], '\n\n') + '\n';
}
