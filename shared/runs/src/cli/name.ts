/** @file `nx run pipeline:name`: gives a run a name and notes, or takes them away. */
import { print, UserError } from '@arrowsmith/errors';
import { parseRunName, renameRun } from '@arrowsmith/pipeline/runs';
import { main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { oneRun, pipelineOption, runOption } from '../selection/options.ts';
import { resolveReference } from '../selection/references.ts';
import { readRuns } from '../selection/read-runs.ts';

await main(async (workspace) => {
  const {
    run: asked,
    pipeline,
    name,
    notes,
  } = readOptions({
    name: 'name',
    description: 'Gives a run a name and notes; an empty one takes away what is there.',
    options: {
      ...runOption('latest'),
      ...pipelineOption(),
      name: text('The name.', 'name'),
      notes: text('Notes.', 'text'),
    },
    example: "--run=latest --name=wide-ffn --notes='twice the width'",
  });
  if (name === undefined && notes === undefined) {
    throw new UserError({
      what: 'neither a name nor notes are given',
      expected: '--name=<name>, --notes=<text>, or both; an empty one takes away what is there',
      fix: "for example npx nx run pipeline:name --run=latest --name=wide-ffn --notes='twice the width'",
    });
  }
  if (name) parseRunName(name, `--name=${name}`);
  const runs = await readRuns(workspace);
  const reference = oneRun(asked) ?? 'latest';
  const run = await resolveReference(reference, { workspace, runs, pipeline });
  if (!runs.includes(run)) throw notInLedger(reference);
  const renamed = await renameRun(workspace, run, { name, notes });
  const others = runs.filter((other) => name && other.name === name && other.id !== run.id);
  print(`${renamed.id}: ${renamed.name ?? 'no name'}${renamed.notes === undefined ? '' : `, ${renamed.notes}`}`);
  if (others.length > 0)
    print(`${others.map(({ id }) => id).join(', ')} ${others.length === 1 ? 'has' : 'have'} this name, too`);
});

function notInLedger(reference: string): UserError {
  return new UserError({
    what: 'a baseline cannot be renamed',
    found: reference,
    expected: 'a run of the ledger',
    fix: 'npx nx run pipeline:runs lists them',
  });
}
