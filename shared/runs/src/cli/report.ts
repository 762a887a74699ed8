/** @file `nx run pipeline:report`: writes an HTML report of a run, by default the last one, or of several side by side. */
import { relative, resolve } from 'node:path';
import { print, UserError } from '@arrowsmith/errors';
import { main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { writeReport } from '../report/write-report.ts';
import { resolveReferences } from '../selection/references.ts';
import { readRuns } from '../selection/read-runs.ts';

await main(async (workspace) => {
  const {
    run,
    runs: several,
    pipeline,
    output,
  } = readOptions({
    name: 'report',
    description: 'Writes an HTML report of a run, or of several side by side, which works offline; prints where it is.',
    options: {
      run: text('The run: an id, a name, latest, latest~1, <pipeline>@latest.', 'run', 'latest'),
      runs: text('Several runs side by side.', 'run,run,…'),
      pipeline: text('The pipeline whose runs are meant.', 'pipeline'),
      output: text('Writes to this file.', 'file', 'artifacts/reports/<run>.html'),
    },
    example: '--runs=latest~1,latest',
  });
  if (run !== undefined && several !== undefined) throw oneOrSeveral(run, several);
  const references = (several ?? run ?? 'latest').split(',').map((reference) => reference.trim());
  const runs = await readRuns(workspace);
  const named = await resolveReferences(
    references.filter((reference) => reference !== ''),
    { workspace, runs, pipeline },
  );
  const path = await writeReport(workspace, named, output === undefined ? undefined : resolve(workspace.root, output));
  print(relative(process.cwd(), path));
});

function oneOrSeveral(run: string, several: string): UserError {
  return new UserError({
    what: 'a report is of one run or of several',
    expected: '--run or --runs',
    found: `--run=${run} and --runs=${several}`,
    fix: `npx nx run pipeline:report --runs=${run},${several}`,
  });
}
