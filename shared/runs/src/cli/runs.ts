/** @file `nx run pipeline:runs`: lists the runs of the ledger. */
import { main } from '@arrowsmith/pipeline/cli';
import { formatList } from '../printing/list.ts';
import { parseCondition } from '../selection/expression.ts';
import { selectRuns } from '../selection/select-runs.ts';
import { readRuns } from './ledger.ts';
import { flag, readCount, readOptions, text } from './options.ts';
import { put } from './output.ts';

/** So many are shown where nothing else is asked for; JSON has all. */
const LIMIT = 30;

await main(async (workspace) => {
  const { json, where, sort, output, ...options } = readOptions('runs', {
    where: text,
    pipeline: text,
    since: text,
    sort: text,
    limit: text,
    json: flag,
    output: text,
  });
  const runs = await readRuns(workspace);
  const limit = readCount(options.limit, 'limit') ?? (json === true ? undefined : LIMIT);
  const selected = selectRuns(runs, { ...options, where, sort, limit });
  const asked = where === undefined ? [] : parseCondition(where).fields.map(({ path }) => path);
  const extra = sort === undefined ? asked : [...asked, sort.replace(/^-/, '')];
  const shown = json === true ? JSON.stringify(selected, null, 2) : formatList(selected, { total: runs.length, extra });
  await put(shown, { root: workspace.root, file: output });
});
