/** @file `nx run pipeline:runs`: lists the runs of the ledger. */
import type { Run } from '@arrowsmith/pipeline';
import { main } from '@arrowsmith/pipeline/cli';
import { formatList } from '../printing/list.ts';
import { parseCondition } from '../selection/expression.ts';
import { foldReruns } from '../selection/reruns.ts';
import { fieldOf, type FieldValue } from '../selection/fields.ts';
import { resolveReferences } from '../selection/references.ts';
import { parseColumns, selectRuns } from '../selection/select-runs.ts';
import { readRuns } from './ledger.ts';
import { flag, readCount, readOptions, text } from './options.ts';
import { put } from './output.ts';

/** So many are shown where nothing else is asked for; JSON has all. */
const LIMIT = 30;

await main(async (workspace) => {
  const { json, markdown, where, sort, output, all, pipeline, since, ...options } = readOptions('runs', {
    run: text,
    runs: text,
    where: text,
    pipeline: text,
    since: text,
    sort: text,
    limit: text,
    columns: text,
    all: flag,
    json: flag,
    markdown: flag,
    output: text,
  });
  const ledger = await readRuns(workspace);
  const columns = options.columns === undefined ? undefined : parseColumns(options.columns, ledger);
  const asked = [options.run, options.runs?.split(',')].flat().filter((each) => each !== undefined);
  const named = await resolveReferences(asked, { workspace, runs: ledger, pipeline });
  const from = named.length === 0 ? ledger : named.map(({ run }) => run).sort((a, b) => (a.id < b.id ? -1 : 1));
  const selected = selectRuns(from, { where, pipeline, since, sort });
  // Runs that are asked for one by one are all meant; JSON is for programs, which choose for themselves.
  const folded = all === true || json === true || named.length > 0 ? undefined : foldReruns(selected);
  const limit = readCount(options.limit, 'limit') ?? (json === true ? undefined : LIMIT);
  const listed = (folded?.runs ?? selected).slice(0, limit);
  const conditions = where === undefined ? [] : parseCondition(where).fields.map(({ path }) => path);
  const extra = sort === undefined ? conditions : [...conditions, sort.replace(/^-/, '')];
  const shown =
    json === true
      ? JSON.stringify(columns === undefined ? listed : listed.map((run) => fieldsOf(run, columns)), null, 2)
      : formatList(listed, { total: ledger.length, extra, columns, repeats: folded?.repeats, markdown });
  await put(shown, { root: workspace.root, file: output });
});

function fieldsOf(run: Run, fields: readonly string[]): Record<string, FieldValue | null> {
  return Object.fromEntries(['id', ...fields].map((field) => [field, fieldOf(run, field) ?? null]));
}
