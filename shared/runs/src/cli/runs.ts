/** @file `nx run pipeline:runs`: lists the runs of the ledger. */
import { outputColumns } from '@arrowsmith/errors';
import type { Run } from '@arrowsmith/pipeline';
import { flag, format, main, outputOptions, put, readCount, readOptions, text } from '@arrowsmith/pipeline/cli';
import { formatList } from '../printing/list.ts';
import { parseCondition } from '../selection/expression.ts';
import { foldReruns } from '../selection/reruns.ts';
import { fieldOf, type FieldValue } from '../selection/fields.ts';
import { namedRuns, pipelineOption, runOption, runsOption } from '../selection/options.ts';
import { readRuns } from '../selection/read-runs.ts';
import { resolveReferences } from '../selection/references.ts';
import { parseColumns, selectRuns } from '../selection/select-runs.ts';

/** So many are shown where nothing else is asked for; JSON has all. */
const LIMIT = 30;

await main(async (workspace) => {
  const { json, markdown, where, sort, output, all, pipeline, since, ...options } = readOptions({
    name: 'runs',
    description:
      'Lists the runs of the ledger, the newest first; one that found everything cached stands with the run that it repeats.',
    options: {
      ...runOption(),
      ...runsOption,
      where: text(
        'Only runs for which this holds; metrics.<name>, <step>.<parameter>, name, pipeline, seconds … with < > = ~ and or not.',
        'condition',
      ),
      ...pipelineOption(),
      since: text('Only runs that ended since then: 2d, 6h, 2026-01-31.', 'time'),
      sort: text('Sorts by this field; -field the largest first.', 'field'),
      limit: text('Lists so many at most.', 'number', '30; all as JSON'),
      columns: text('Shows these fields, and no others.', 'field,field,…', 'what differs'),
      all: flag('Lists cached reruns one by one.'),
      ...outputOptions,
      json: format('Prints JSON, with all that is known of the runs.'),
    },
    example: '--where="metrics.bitsPerByte < 1" --sort=metrics.bitsPerByte',
  });
  const ledger = await readRuns(workspace);
  const columns = options.columns === undefined ? undefined : parseColumns(options.columns, ledger);
  const named = await resolveReferences(namedRuns(options, ledger) ?? [], { workspace, runs: ledger, pipeline });
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
      : formatList(listed, {
          total: ledger.length,
          extra,
          columns,
          repeats: folded?.repeats,
          markdown,
          width: output === undefined ? outputColumns() : undefined,
        });
  await put(shown, { root: workspace.root, file: output });
});

function fieldsOf(run: Run, fields: readonly string[]): Record<string, FieldValue | null> {
  return Object.fromEntries(['id', ...fields].map((field) => [field, fieldOf(run, field) ?? null]));
}
