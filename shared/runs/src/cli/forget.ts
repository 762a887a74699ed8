/**
 * @file `nx run pipeline:forget`: shows which runs would be removed from the ledger, and removes them with `--delete`. What only they named, garbage
 * collection then finds. Runs with a name stay, unless they are asked for one by one.
 */
import { print, UserError } from '@arrowsmith/errors';
import { forgetRuns, type Run } from '@arrowsmith/pipeline';
import { flag, main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { consoleTable } from '../printing/table.ts';
import { runsTableOf } from '../printing/list.ts';
import { resolveReference } from '../selection/references.ts';
import { selectRuns } from '../selection/select-runs.ts';
import { parseSince } from '../selection/since.ts';
import { readRuns } from '../selection/read-runs.ts';

await main(async (workspace) => {
  const options = readOptions({
    name: 'forget',
    description:
      'Shows which runs would be removed from the ledger. Runs with a name stay, unless they are asked for one by one.',
    options: {
      runs: text('These runs.', 'run,run,…'),
      where: text('All runs for which this holds, as for runs.', 'condition'),
      pipeline: text('Only runs of this pipeline.', 'pipeline'),
      before: text('Only runs that ended before then: 30d, 2026-01-31.', 'time'),
      delete: flag('Removes them; gc then finds what only they named.'),
    },
    example: '--before=30d',
  });
  const { where, pipeline, before } = options;
  const runs = await readRuns(workspace);
  const chosen = new Set<Run>();
  for (const reference of (options.runs ?? '').split(',').filter((each) => each !== ''))
    chosen.add(await resolveReference(reference, { workspace, runs, pipeline }));
  if (chosen.size === 0) {
    if (where === undefined && pipeline === undefined && before === undefined) throw nothingChosen();
    const limit = before === undefined ? undefined : parseSince(before, new Date(), 'before').toISOString();
    for (const run of selectRuns(runs, { where, pipeline }))
      if (run.name === undefined && (limit === undefined || run.finishedAt < limit)) chosen.add(run);
  }
  const list = [...chosen].filter((run) => runs.includes(run));
  if (list.length === 0) return print('there is nothing to forget');
  print(consoleTable(runsTableOf(list)).join('\n'));
  const count = `${list.length} of ${runs.length} runs`;
  if (options.delete !== true)
    return print(`\n${count} would be forgotten; the same command with --delete forgets them`);
  await forgetRuns(workspace, new Set(list.map(({ id }) => id)));
  print(`\n${count} forgotten; npx nx run pipeline:gc shows what no run names any more`);
});

function nothingChosen(): UserError {
  return new UserError({
    what: 'no run is chosen',
    expected: '--runs=<run>,<run>, --where=<condition>, --pipeline=<pipeline> or --before=<time>',
    fix: 'for example npx nx run pipeline:forget --before=30d',
  });
}
