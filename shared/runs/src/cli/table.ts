/**
 * @file The latest runs of several pipelines in one table: `--pipelines=a,b,c`, one row each, and `--metrics=name=title,…`, a column each. `nx run
 * pipeline:families` ends with it.
 */
import { outputColumns, UserError } from '@arrowsmith/errors';
import type { Run } from '@arrowsmith/pipeline';
import { main, outputOptions, put, readOptions, text } from '@arrowsmith/pipeline/cli';
import { markdownTable } from '@arrowsmith/reporting/markdown';
import { formatNumber } from '../printing/numbers.ts';
import { fitTable, type Table } from '../printing/table.ts';
import { fieldOf } from '../selection/fields.ts';
import { readRuns } from '../selection/read-runs.ts';

await main(async (workspace) => {
  const options = readOptions({
    name: 'families',
    description:
      'The last runs of several pipelines in one table; families first trains every model family on one corpus with equal budgets.',
    options: {
      pipelines: text('A row each.', 'pipeline,pipeline,…'),
      metrics: text('A column each, with its title.', 'metric=title,…', 'bitsPerByte'),
      ...outputOptions,
    },
    example: '--markdown',
  });
  const runs = await readRuns(workspace);
  const latest = (options.pipelines ?? '').split(',').map((pipeline) => latestOf(runs, pipeline));
  const columns = (options.metrics ?? 'bitsPerByte').split(',').map((entry) => {
    const [name = '', title = name] = entry.split('=');
    return { name, title };
  });
  const rows = latest.map((run) => ({
    pipeline: run.pipeline,
    run: run.id,
    ...Object.fromEntries(columns.map(({ name }) => [name, fieldOf(run, `metrics.${name}`) ?? null])),
  }));
  const table: Table = {
    columns: [{ title: 'pipeline' }, ...columns.map(({ title }) => ({ title, align: 'right' as const }))],
    rows: latest.map((run) => [
      run.pipeline,
      ...columns.map(({ name }) => {
        const value = fieldOf(run, `metrics.${name}`);
        return typeof value === 'number' ? formatNumber(value) : '';
      }),
    ]),
  };
  const width = options.output === undefined ? outputColumns() : undefined;
  const lines = options.markdown ? markdownTable(table.columns, table.rows) : fitTable(table, { width }).lines;
  const shown = options.json ? JSON.stringify(rows, null, 2) : lines;
  await put([shown].flat().join('\n'), { root: workspace.root, file: options.output });
});

/** @throws UserError where there is none */
function latestOf(runs: readonly Run[], pipeline: string): Run {
  const run = runs.findLast((each) => each.pipeline === pipeline && each.step === undefined);
  if (run !== undefined) return run;
  throw new UserError({
    what: `the pipeline "${pipeline}" has no completed run`,
    expected: 'a run of each of --pipelines',
    fix: `npx nx run pipeline:${pipeline}`,
  });
}
