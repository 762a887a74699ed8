/** @file The parameters of every step, in full; of several runs first those that differ. */
import { note, table, unfold } from '../blocks.ts';
import { html, type Html } from '../html.ts';
import { labelOf, type ReportRun } from '../run.ts';

export function parameters(runs: readonly ReportRun[]): Html {
  const steps = [...new Set(runs.flatMap((run) => run.steps.map(({ name }) => name)))];
  const rows = steps.flatMap((name) => {
    const leaves = runs.map((run) => {
      const step = run.steps.find((each) => each.name === name);
      return new Map(step === undefined ? [] : leavesOf(step.parameters));
    });
    const paths = [...new Set(leaves.flatMap((of) => [...of.keys()]))];
    return paths.map((path) => ({ step: name, path, values: leaves.map((of) => of.get(path) ?? '–') }));
  });
  const all = steps.map((name) =>
    unfold(
      name,
      parameterTable(
        name,
        runs,
        rows.filter(({ step }) => step === name),
      ),
    ),
  );
  if (runs.length === 1) return html`${all}`;
  const different = rows.filter(({ values }) => values.some((value) => value !== values[0]));
  return html`<h3>Different</h3>
    ${different.length === 0 ? note('None: the runs have the same parameters.') : parameterTable('Different parameters', runs, different, true)}
    <h3>All</h3>
    ${all}`;
}

function parameterTable(
  label: string,
  runs: readonly ReportRun[],
  rows: readonly { step: string; path: string; values: readonly string[] }[],
  withStage = false,
): Html {
  if (rows.length === 0) return note('No parameters.');
  const titles = runs.length === 1 ? ['value'] : runs.map(labelOf);
  return table(
    label,
    [{ title: 'parameter' }, ...titles.map((title) => ({ title }))],
    rows.map(({ step, path, values }) => [withStage ? `${step}.${path}` : path, ...values]),
  );
}

/** `optimizer.learningRate` → `0.001`; lists are written as JSON. */
function leavesOf(value: unknown, path = ''): [path: string, text: string][] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) return [[path, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}
