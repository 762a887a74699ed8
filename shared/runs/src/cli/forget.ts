/**
 * @file `nx run pipeline:forget`: shows which runs would be removed from the ledger, and removes them with `--delete`. What only they named, garbage
 * collection then finds. Runs with a name stay, unless they are asked for one by one.
 */
import { outputColumns, print, UserError } from '@arrowsmith/errors';
import { forgetRuns } from '@arrowsmith/pipeline/runs';
import { flag, main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { fitTable } from '../printing/table.ts';
import { runsTableOf } from '../printing/list.ts';
import { namedRuns, pipelineOption, runOption, runsOption } from '../selection/options.ts';
import { resolveReferences } from '../selection/references.ts';
import { selectRuns } from '../selection/select-runs.ts';
import { parseSince } from '../selection/since.ts';
import { readRuns } from '../selection/read-runs.ts';

await main(async (workspace) => {
  const options = readOptions({
    name: 'forget',
    description:
      'Shows which runs would be removed from the ledger. Runs with a name stay, unless they are asked for one by one.',
    options: {
      ...runOption(),
      ...runsOption,
      where: text('Only runs for which this holds, as with runs.', 'condition'),
      ...pipelineOption(),
      before: text('Only runs that ended before then: 30d, 2026-01-31.', 'time'),
      delete: flag('Removes them; gc then finds what only they named.'),
    },
    example: '--before=30d',
  });
  const { where, pipeline, before } = options;
  const runs = await readRuns(workspace);
  const references = namedRuns(options, runs);
  if (references === undefined && where === undefined && pipeline === undefined && before === undefined)
    throw nothingChosen();
  const named = new Set(
    (await resolveReferences(references ?? [], { workspace, runs, pipeline })).map(({ run }) => run),
  );
  const limit = before === undefined ? undefined : parseSince(before, new Date(), 'before').toISOString();
  const list = selectRuns(runs, { where, pipeline }).filter(
    (run) =>
      (references === undefined ? run.name === undefined : named.has(run)) &&
      (limit === undefined || run.finishedAt < limit),
  );
  if (list.length === 0) return print('there is nothing to forget');
  print(fitTable(runsTableOf(list), { width: outputColumns(), isCut: true }).lines.join('\n'));
  const count = `${list.length} of ${runs.length} runs`;
  if (options.delete !== true)
    return print(`\n${count} would be forgotten; the same command with --delete forgets them`);
  await forgetRuns(workspace, new Set(list.map(({ id }) => id)));
  print(`\n${count} forgotten; npx nx run pipeline:gc shows what no run names any more`);
});

function nothingChosen(): UserError {
  return new UserError({
    what: 'no run is chosen',
    expected: '--run=<run>, --runs=<run>,<run>, --where=<condition>, --pipeline=<pipeline> or --before=<time>',
    fix: 'for example npx nx run pipeline:forget --before=30d',
  });
}
