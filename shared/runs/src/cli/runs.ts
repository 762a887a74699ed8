/** @file `nx run pipeline:runs`: lists the runs of the ledger. */
import { readLedger } from '@arrowsmith/pipeline';
import { main } from '@arrowsmith/pipeline/cli';
import { formatDamage, formatList } from '../printing/list.ts';
import { parseCondition } from '../selection/expression.ts';
import { selectRuns } from '../selection/select-runs.ts';
import { readCount, readOptions } from './options.ts';
import { put } from './output.ts';

/** So many are shown where nothing else is asked for; JSON has all. */
const LIMIT = 30;

await main(async (workspace) => {
  const text = { type: 'string' } as const;
  const { json, where, sort, output, ...options } = readOptions('runs', {
    where: text,
    pipeline: text,
    since: text,
    sort: text,
    limit: text,
    json: { type: 'boolean' },
    output: text,
  });
  const { runs, damaged } = await readLedger(workspace);
  if (damaged.length > 0) console.error(formatDamage(damaged));
  const limit = readCount(options.limit, 'limit') ?? (json === true ? undefined : LIMIT);
  const selected = selectRuns(runs, { ...options, where, sort, limit });
  const asked = where === undefined ? [] : parseCondition(where).fields.map(({ path }) => path);
  const extra = sort === undefined ? asked : [...asked, sort.replace(/^-/, '')];
  const shown = json === true ? JSON.stringify(selected, null, 2) : formatList(selected, { total: runs.length, extra });
  await put(shown, { root: workspace.root, file: output });
});
