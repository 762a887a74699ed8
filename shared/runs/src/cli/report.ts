/** @file `nx run pipeline:report`: writes an HTML report of a run, by default the last one, or of several side by side. */
import { relative, resolve } from 'node:path';
import { print } from '@arrowsmith/errors';
import { main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { writeReport } from '../report/write-report.ts';
import { namedRuns, pairOptions, pipelineOption, runOption, runsOption } from '../selection/options.ts';
import { resolveReferences } from '../selection/references.ts';
import { readRuns } from '../selection/read-runs.ts';

await main(async (workspace) => {
  const options = readOptions({
    name: 'report',
    description: 'Writes an HTML report of a run, or of several side by side, which works offline; prints where it is.',
    options: {
      ...runOption('latest'),
      ...runsOption,
      ...pairOptions,
      ...pipelineOption(),
      output: text('Writes to this file.', 'file', 'artifacts/reports/<run>.html'),
    },
    example: '--a=latest~1 --b=latest',
  });
  const { pipeline, output } = options;
  const runs = await readRuns(workspace);
  const named = await resolveReferences(namedRuns(options, runs) ?? ['latest'], { workspace, runs, pipeline });
  const path = await writeReport(workspace, named, output === undefined ? undefined : resolve(workspace.root, output));
  print(relative(process.cwd(), path));
});
