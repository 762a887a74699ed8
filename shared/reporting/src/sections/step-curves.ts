/** @file What training did, step by step: the tables of a step with a column `step`, as plots above one axis. */
import { capitalized, formatName } from '../format.ts';
import type { Html } from '../html.ts';
import { lineFigure, type Panel, type Series } from '../line-figure.ts';
import type { ReportTable } from '../run.ts';
import { type Artifact, isNumeric, numbersOf } from './entry.ts';

/** A plot of columns that are known; any other numeric column gets one of its own. */
interface Known {
  title: string;
  unit?: string;
  logarithmic?: boolean;
  wide?: boolean;
  columns: { name: string; label: string }[];
}

const KNOWN: readonly Known[] = [
  {
    title: 'Loss',
    unit: 'nats per token',
    logarithmic: true,
    wide: true,
    columns: [
      { name: 'trainLoss', label: 'training' },
      { name: 'validationLoss', label: 'validation' },
    ],
  },
  { title: 'Learning rate', columns: [{ name: 'learningRate', label: '' }] },
  {
    title: 'Gradient norm',
    unit: 'before clipping',
    logarithmic: true,
    columns: [{ name: 'gradientNorm', label: '' }],
  },
  { title: 'Throughput', unit: 'tokens/s', columns: [{ name: 'tokensPerSecond', label: '' }] },
];

/** Counts along the horizontal axis, not worth a plot. */
const BESIDE = ['tokens'];

/** A column that spans more than this has a logarithmic axis. */
const WIDE_SPAN = 100;

export const hasSteps = ({ columns }: ReportTable): boolean => isNumeric(columns['step']);

/** @returns undefined where no artifact has such a table */
export function stepCurves(id: string, artifacts: readonly Artifact[]): Html | undefined {
  const logs = artifacts.map((artifact) => ({ ...artifact, columns: columnsByStep(artifact.step.tables) }));
  const names = [...new Set(logs.flatMap(({ columns }) => [...columns.keys()]))];
  if (names.length === 0) return undefined;
  const several = artifacts.length > 1;
  const series = (name: string, label: string, color: number): Series[] =>
    logs.flatMap((log) => {
      const points = log.columns.get(name);
      if (points === undefined) return [];
      return several ? [{ label: log.label, color: log.color, points }] : [{ label, color, points }];
    });
  const known = KNOWN.flatMap(({ columns, ...panel }): Panel[] =>
    several
      ? columns.map(({ name, label }) => ({
          ...panel,
          title: label === '' ? panel.title : `${capitalized(label)} ${panel.title.toLowerCase()}`,
          series: series(name, '', 1),
        }))
      : [{ ...panel, series: columns.flatMap(({ name, label }, at) => series(name, label, at + 1)) }],
  );
  const taken = new Set([...KNOWN.flatMap(({ columns }) => columns.map(({ name }) => name)), ...BESIDE]);
  const unknown = names
    .filter((name) => !taken.has(name))
    .map((name): Panel => {
      const lines = series(name, '', 1);
      return { title: capitalized(formatName(name)), logarithmic: isWide(lines), series: lines };
    });
  return lineFigure({
    id,
    title: 'Training by step',
    x: 'step',
    panels: [...known, ...unknown].filter((panel) => panel.series.length > 0),
    beside: BESIDE.flatMap((name) => series(name, formatName(name), 1)),
    source: [...new Set(artifacts.flatMap(({ step }) => step.tables.filter(hasSteps).map(({ file }) => file)))].join(
      ' and ',
    ),
  });
}

/** All numeric columns as points over `step`, and tokens per second where a table says in how many seconds how many were seen. */
function columnsByStep(tables: readonly ReportTable[]): Map<string, Series['points']> {
  const columns = new Map<string, Series['points']>();
  for (const table of tables.filter(hasSteps)) {
    const steps = numbersOf(table, 'step');
    const add = (name: string, values: readonly (number | undefined)[]) =>
      columns.set(
        name,
        steps.flatMap((step, i) => (step === undefined || values[i] === undefined ? [] : [[step, values[i]] as const])),
      );
    const seconds = table.columns['seconds'];
    if (seconds !== undefined && table.columns['tokens'] !== undefined) {
      const tokens = numbersOf(table, 'tokens');
      add(
        'tokensPerSecond',
        numbersOf(table, 'seconds').map((time, i) => tokens[i]! / time!),
      );
      continue;
    }
    for (const [name, values] of Object.entries(table.columns)) {
      if (name !== 'step' && isNumeric(values)) add(name, numbersOf(table, name));
    }
  }
  return columns;
}

function isWide(series: readonly Series[]): boolean {
  let [least, most] = [Infinity, -Infinity];
  for (const [, value] of series.flatMap(({ points }) => points)) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return least > 0 && most / least > WIDE_SPAN;
}
