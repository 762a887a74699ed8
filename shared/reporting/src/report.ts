/** @file The report of a run, or of several side by side, as one HTML file that needs nothing else. */
import { facts, table } from './blocks.ts';
import type { ReportComparison } from './comparison.ts';
import {
  capitalized,
  formatBytes,
  formatCount,
  formatDuration,
  formatName,
  formatNumber,
  formatTime,
} from './format.ts';
import { html, type Child, type Html } from './html.ts';
import { renderPage, type Section } from './page.ts';
import { labelOf, type ReportRun } from './run.ts';
import { comparisonSections } from './sections/comparison.ts';
import { lineage } from './sections/lineage.ts';
import { parameters } from './sections/parameters.ts';
import { stepContent } from './sections/step.ts';

/** What a report begins with, by what steps made; what they were made of comes last. Steps of one kind are in the order of the run. */
const ORDER: readonly (string | undefined)[] = ['model', 'measurements', undefined, 'tokenizer', 'rows', 'corpus'];

/** Runs that one report can show: lines have so many colours. */
export const MOST_RUNS = 8;

export interface ReportOptions {
  /** What a comparison of these runs found, shown before all else. */
  comparison?: ReportComparison | undefined;
}

/**
 * Renders a report. The file holds its data, styles, script and plots, refers to nothing outside and, by its content security policy, could
 * not load anything.
 *
 * @param runs one run, or several to show side by side
 */
export async function renderReport(runs: readonly ReportRun[], { comparison }: ReportOptions = {}): Promise<string> {
  const [first] = runs;
  if (first === undefined || runs.length > MOST_RUNS) throw new RangeError(`a report is of 1 to ${MOST_RUNS} runs`);
  const kinds = new Map(runs.flatMap(({ steps }) => steps.map(({ name, makes }) => [name, makes] as const)));
  const rank = (makes: readonly string[]): number => {
    const known = makes.map((kind) => ORDER.indexOf(kind)).filter((at) => at >= 0);
    return Math.min(...known, known.length === 0 ? ORDER.indexOf(undefined) : Infinity);
  };
  const byStep = [...kinds]
    .sort(([, a], [, b]) => rank(a) - rank(b))
    .map(([step]) => ({ id: `step-${step}`, title: capitalized(formatName(step)), content: stepContent(step, runs) }));
  const ofParameters: Section = { id: 'parameters', title: 'Parameters', content: parameters(runs) };
  const ofLineage: Section = { id: 'lineage', title: 'Lineage', content: lineage(runs) };
  const several = runs.length > 1;
  return renderPage({
    title: several ? runs.map(labelOf).join(' · ') : `${first.pipeline} · ${labelOf(first)}`,
    header: several ? comparisonHeader(runs, comparison) : runHeader(first),
    sections: [
      ...(comparison === undefined ? [] : comparisonSections(comparison, runs.map(labelOf))),
      ...byStep,
      ofLineage,
      ofParameters,
    ],
  });
}

function runHeader(run: ReportRun): Html {
  const headlines = headlinesOf([run]);
  return html`<p class="kind">Run report</p>
    <h1>${run.pipeline}</h1>
    <p class="muted">
      ${run.name !== undefined && html`<b>${run.name}</b> · `}run <code>${run.id}</code> ·
      ${formatTime(run.finishedAt)}${run.commit !== undefined && html` · commit <code>${run.commit}</code>`} ·
      ${timeOf(run)} of computation
    </p>
    ${run.notes !== undefined && html`<p>${run.notes}</p>`} ${substitution(run)}
    ${headlines.length > 0 && headlineTable(headlines)}`;
}

function comparisonHeader(runs: readonly ReportRun[], comparison: ReportComparison | undefined): Html {
  const pipelines = [...new Set(runs.map(({ pipeline }) => pipeline))];
  const headlines = headlinesOf(runs);
  const isAlone = (asked: string) => headlines.filter(({ name }) => name === asked).length === 1;
  const rows = headlines.map(({ name, of, texts }): Child[] => [
    isAlone(name) ? name : `${name} of ${of}`,
    ...texts.map((text) => text ?? '–'),
  ]);
  const columns = runs.map((run, at) => ({
    title: html`<span class="run" style="--series:var(--series-${at + 1})">${labelOf(run)}</span>`,
    numeric: true,
  }));
  return html`<p class="kind">Comparison</p>
    <h1>${pipelines.join(', ')}: ${runs.length} runs</h1>
    ${comparison === undefined && runs.map(substitution)}
    ${table(
      'The runs',
      [{ title: '' }, ...columns],
      [
        ['pipeline', ...runs.map(({ pipeline }) => pipeline)],
        ['finished', ...runs.map(({ finishedAt }) => formatTime(finishedAt))],
        ...(runs.some(({ commit }) => commit !== undefined)
          ? [['commit', ...runs.map(({ commit }) => commit ?? '–')]]
          : []),
        ...rows,
        ['computation', ...runs.map(timeOf)],
      ],
    )}`;
}

const timeOf = ({ steps }: ReportRun): string => formatDuration(steps.reduce((sum, { seconds }) => sum + seconds, 0));

const substitution = (run: ReportRun): Child =>
  run.substitution !== undefined && html`<p class="warning">${run.substitution}</p>`;

/** A number that one looks at first, in each run that has it. */
interface Headline {
  /** What it is: `bits per byte`. */
  name: string;
  /** The model or the step that it is of. */
  of: string;
  texts: (string | undefined)[];
}

/** The headlines of runs: those of the last steps first, as they say what it came to. */
function headlinesOf(runs: readonly ReportRun[]): Headline[] {
  const found = new Map<string, { step: string; metric: string; unit: string | undefined }>();
  for (const { steps } of runs)
    for (const { name: step, headlines } of steps.toReversed())
      for (const { metric, unit } of headlines) found.set(`${step}.${metric}`, { step, metric, unit });
  return [...found.values()].map(({ step, metric, unit }) => {
    const parts = metric.split('.');
    const texts = runs.map((run) => {
      const value = run.steps.find(({ name }) => name === step)?.metrics[metric];
      return value === undefined ? undefined : formatOf(unit)(value);
    });
    return { name: formatName(parts.at(-1)!), of: parts.length > 1 ? parts[0]! : step, texts };
  });
}

/** The headlines of one run: a row for each model, where there are several. */
function headlineTable(headlines: readonly Headline[]): Html {
  const names = [...new Set(headlines.map(({ name }) => name))];
  const textOf = (of: string, name: string) =>
    headlines.find((each) => each.of === of && each.name === name)?.texts[0] ?? '–';
  if (names.length === headlines.length)
    return html`<div class="headlines">${facts(headlines.map(({ name, texts }) => [name, texts[0]!]))}</div>`;
  const models = [...new Set(headlines.map(({ of }) => of))];
  return table(
    'The models',
    [{ title: '' }, ...names.map((title) => ({ title, numeric: true }))],
    models.map((of) => [html`<b>${of}</b>`, ...names.map((name) => textOf(of, name))]),
  );
}

/** Counts and sizes are large. */
function formatOf(unit: string | undefined): (value: number) => string {
  if (unit === 'bytes') return formatBytes;
  return unit === 'parameters' || unit === 'tokens' ? formatCount : (value) => formatNumber(value);
}
