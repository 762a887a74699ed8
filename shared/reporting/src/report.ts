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
import { stageContent } from './sections/stage.ts';

/** Titles of stages that are called otherwise than what they made, in the order of a report; others stand before the tokenizer. */
const STAGES: Readonly<Record<string, string>> = {
  train: 'Training',
  evaluate: 'Evaluation',
  quantize: 'Quantization',
  '': '', // all others
  tokenizer: 'Tokenizer',
  chunk: 'Chunks',
  download: 'Data',
};

/** The numbers that one looks at first, where a run has them. */
const HEADLINES: readonly { stage: string; metric: string; label: string; format?: (value: number) => string }[] = [
  { stage: 'evaluate', metric: 'bitsPerByte', label: 'bits per byte' },
  { stage: 'evaluate', metric: 'perplexity', label: 'perplexity' },
  { stage: 'train', metric: 'validationLoss', label: 'validation loss' },
  { stage: 'train', metric: 'trainLoss', label: 'training loss' },
  { stage: 'train', metric: 'parameters', label: 'parameters', format: formatCount },
  { stage: 'train', metric: 'tokens', label: 'tokens seen', format: formatCount },
  { stage: 'quantize', metric: 'bytesAfter', label: 'quantized size', format: formatBytes },
];

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
  const stages = [...new Set(runs.flatMap((run) => run.stages.map(({ name }) => name)))];
  const rank = (stage: string): number => Object.keys(STAGES).indexOf(Object.hasOwn(STAGES, stage) ? stage : '');
  const byStage = stages
    .sort((a, b) => rank(a) - rank(b))
    .map((stage) => ({
      id: `stage-${stage}`,
      title: Object.hasOwn(STAGES, stage) ? STAGES[stage]! : capitalized(formatName(stage)),
      content: stageContent(stage, runs),
    }));
  const ofParameters: Section = { id: 'parameters', title: 'Parameters', content: parameters(runs) };
  const ofLineage: Section = { id: 'lineage', title: 'Lineage', content: lineage(runs) };
  const several = runs.length > 1;
  return renderPage({
    title: several ? runs.map(labelOf).join(' · ') : `${first.pipeline} · ${labelOf(first)}`,
    header: several ? comparisonHeader(runs, comparison) : runHeader(first),
    sections: [
      ...(comparison === undefined ? [] : comparisonSections(comparison, runs.map(labelOf))),
      ...byStage,
      ofLineage,
      ofParameters,
    ],
  });
}

function runHeader(run: ReportRun): Html {
  const numbers = HEADLINES.flatMap((headline): [string, string][] => {
    const text = headlineOf(run, headline);
    return text === undefined ? [] : [[headline.label, text]];
  });
  return html`<p class="kind">Run report</p>
    <h1>${run.pipeline}</h1>
    <p class="muted">
      ${run.name !== undefined && html`<b>${run.name}</b> · `}run <code>${run.id}</code> ·
      ${formatTime(run.finishedAt)}${run.commit !== undefined && html` · commit <code>${run.commit}</code>`} ·
      ${timeOf(run)} of computation
    </p>
    ${run.notes !== undefined && html`<p>${run.notes}</p>`} ${substitution(run)}
    ${numbers.length > 0 && html`<div class="headlines">${facts(numbers)}</div>`}`;
}

function comparisonHeader(runs: readonly ReportRun[], comparison: ReportComparison | undefined): Html {
  const pipelines = [...new Set(runs.map(({ pipeline }) => pipeline))];
  const rows = HEADLINES.flatMap((headline): Child[][] => {
    const texts = runs.map((run) => headlineOf(run, headline));
    return texts.every((text) => text === undefined) ? [] : [[headline.label, ...texts.map((text) => text ?? '–')]];
  });
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

const timeOf = ({ stages }: ReportRun): string => formatDuration(stages.reduce((sum, { seconds }) => sum + seconds, 0));

const substitution = (run: ReportRun): Child =>
  run.substitution !== undefined && html`<p class="warning">${run.substitution}</p>`;

function headlineOf(run: ReportRun, { stage, metric, format }: (typeof HEADLINES)[number]): string | undefined {
  const value = run.stages.find(({ name }) => name === stage)?.metrics[metric];
  if (value === undefined) return undefined;
  return format === undefined ? formatNumber(value) : format(value);
}
