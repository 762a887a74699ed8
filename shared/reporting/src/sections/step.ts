/** @file What one step did, whatever step it is: its lines for people, and each of its tables as its kind or its columns say. */
import { facts, note, plainTable, table, unfold } from '../blocks.ts';
import { capitalized, formatName, formatNumber } from '../format.ts';
import { html, type Child, type Html } from '../html.ts';
import type { ReportRun } from '../run.ts';
import { dataCard } from './data-card.ts';
import { documentLosses } from './document-losses.ts';
import { type Artifact, artifactsOf, type Entry } from './entry.ts';
import { hasPositions, positionCurves } from './position-curves.ts';
import { quantizationComparison } from './quantization-comparison.ts';
import { quantizationError } from './quantization-error.ts';
import { samples } from './samples.ts';
import { hasSteps, stepCurves } from './step-curves.ts';
import { vocabulary } from './vocabulary.ts';

/** How tables of these kinds are shown, all artifacts together. Others are shown by their columns. */
const KINDS: Readonly<Record<string, (entries: readonly Entry[], step: string) => Html>> = {
  'data-card': (entries) => html`${entries.map(dataCard)}`,
  vocabulary: (entries) => html`${entries.map(vocabulary)}`,
  merges: () => html``, // part of the vocabulary
  'document-losses': documentLosses,
  'quantization-comparison': (entries, step) => quantizationComparison(step, entries),
  'compared-error': () => html``, // a row for each tensor of each model: for programs
  'quantization-error': (entries) => html`${entries.map(quantizationError)}`,
  samples,
};

/** Longer lines of a step are texts, which are shown as samples. */
const LONGEST_LINE = 200;

/** @param runs of which at least one has the step */
export function stepContent(step: string, runs: readonly ReportRun[]): Html {
  const artifacts = artifactsOf(step, runs);
  const have = runs.filter(({ steps }) => steps.some(({ name }) => name === step)).length;
  const entries = artifacts.flatMap((artifact): Entry[] =>
    artifact.step.tables.filter((each) => !hasSteps(each)).map((each) => ({ ...artifact, table: each })),
  );
  const kinds = [...new Set(entries.map(({ table: { kind } }) => kind))].sort((a, b) => rankOf(a) - rankOf(b));
  return html`${runs.length > 1 && artifacts.length === 1 && html`<p class="note">${have === runs.length ? 'The same artifact in all runs.' : 'The same artifact in all runs that have it.'}</p>`}
  ${highlights(artifacts)}
  ${artifacts.map(({ label, step: { missing } }) =>
    missing.map((sentence) => html`<p class="warning">${label !== '' && `${label}: `}${sentence}</p>`),
  )}
  ${stepCurves(`${step}-by-step`, artifacts)}
  ${kinds.map((kind) =>
    tablesOfKind(
      step,
      kind,
      entries.filter((entry) => entry.table.kind === kind),
    ),
  )}
  ${metrics(artifacts)} ${artifacts.every(isSilent) && note('This step says nothing about itself.')}`;
}

const isSilent = ({ step: { highlights: lines, tables, metrics: numbers, missing } }: Artifact): boolean =>
  [lines, numbers].every((of) => Object.keys(of).length === 0) && tables.length + missing.length === 0;

/** Texts come last, tables that are shown as they are first. */
const rankOf = (kind: string): number => (kind === 'samples' ? 2 : kind in KINDS ? 1 : 0);

function tablesOfKind(step: string, kind: string, entries: readonly Entry[]): Html {
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (known !== undefined) return known(entries, step);
  const title = capitalized(formatName(kind));
  if (entries.every((entry) => hasPositions(entry.table))) {
    return positionCurves(`${step}-${kind}`, entries);
  }
  return html`<h3>${title}</h3>
    ${plainTable(title, joined(entries), formatName)}`;
}

/** The tables of several runs as one, with a column that says whose row it is. */
function joined(entries: readonly Entry[]): Entry['table']['columns'] {
  if (entries.length === 1) return entries[0]!.table.columns;
  const names = [...new Set(entries.flatMap(({ table: { columns } }) => Object.keys(columns)))];
  const lengths = entries.map(({ table: { columns } }) =>
    Math.max(0, ...Object.values(columns).map((of) => of.length)),
  );
  return {
    run: entries.flatMap(({ label }, at) => Array<string>(lengths[at]!).fill(label)),
    ...Object.fromEntries(
      names.map((name) => [
        name,
        entries.flatMap(({ table: { columns } }, at) => columns[name] ?? Array<null>(lengths[at]!).fill(null)),
      ]),
    ),
  };
}

function highlights(artifacts: readonly Artifact[]): Html {
  const isShort = (text: string | undefined): text is string =>
    text !== undefined && !text.includes('\n') && text.length <= LONGEST_LINE;
  const labels = [
    ...new Set(
      artifacts.flatMap(({ step }) =>
        Object.entries(step.highlights).flatMap(([label, text]) =>
          isShort(text) && !(label.startsWith('sample') && step.tables.some(({ kind }) => kind === 'samples'))
            ? [label]
            : [],
        ),
      ),
    ),
  ];
  if (labels.length === 0) return html``;
  const textOf = ({ step }: Artifact, label: string): string => {
    const text = step.highlights[label];
    return isShort(text) ? text : '–';
  };
  if (artifacts.length === 1) return facts(labels.map((label) => [label, textOf(artifacts[0]!, label)]));
  return table(
    'Summary by run',
    [{ title: '' }, ...artifacts.map(({ label }) => ({ title: label }))],
    labels.map((label): Child[] => [label, ...artifacts.map((artifact) => textOf(artifact, label))]),
  );
}

/** All numbers that the step reported. */
function metrics(artifacts: readonly Artifact[]): Child {
  const names = [...new Set(artifacts.flatMap(({ step }) => Object.keys(step.metrics)))];
  if (names.length === 0) return undefined;
  const titles = artifacts.length === 1 ? ['value'] : artifacts.map(({ label }) => label);
  return unfold(
    'All metrics',
    table(
      'All metrics',
      [{ title: 'metric' }, ...titles.map((title) => ({ title, numeric: true }))],
      names.map((name) => [
        name,
        ...artifacts.map(({ step }) => (name in step.metrics ? formatNumber(step.metrics[name]!, 6) : '–')),
      ]),
    ),
  );
}
