/** @file Baselines and the gate's findings as tables for a terminal. */
import { printableLine } from '@arrowsmith/errors';
import type { Baseline } from './baseline.ts';
import { labelOf } from './metrics.ts';
import { describeNoise, formatDeviations, headline, type Report } from './report.ts';
import { formatMetric } from './verdicts.ts';

/** What was measured and what will pass. */
export function formatBaseline(baseline: Baseline): string {
  const rows = Object.entries(baseline.metrics).map(([name, metric]) => {
    const label = labelOf(name);
    const show = (value: number | null) => (value === null ? '–' : formatMetric(value, metric));
    if (metric.rule === 'exact') return [label, show(metric.mean), '', '', ''];
    return [label, show(metric.mean), show(metric.deviation), show(metric.lowest), show(metric.highest)];
  });
  const digests = Object.entries(baseline.digests).map(([name, digest]) => [
    labelOf(name),
    digest.slice(0, 12),
    '',
    '',
    '',
  ]);
  return [
    '',
    `baseline of pipeline ${baseline.pipeline}`,
    '',
    ...table([['metric', 'mean', 'deviation', 'lowest', 'highest'], ...rows, ...digests]),
    '',
    describeNoise(baseline),
  ].join('\n');
}

/** Every metric with its verdict. */
export function formatReport(report: Report): string {
  const rows = report.verdicts.map(({ label, outcome, found, expected, deviations }) => [
    label,
    found,
    expected,
    deviations === undefined ? '' : formatDeviations(deviations),
    outcome,
  ]);
  return [
    '',
    `regression gate, pipeline ${report.pipeline}: ${headline(report)}`,
    '',
    ...table([['metric', 'found', 'expected', 'deviations', ''], ...rows]),
    '',
    describeNoise(report.baseline),
    '',
  ].join('\n');
}

/** Columns beside each other, the first and the last one flush left. */
function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(printableLine));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const cell = (text: string, column: number) =>
    column === 0 || column === widths.length - 1 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!);
  return rows.map((row) => `  ${row.map(cell).join('  ')}`.trimEnd());
}
