/**
 * @file `nx run pipeline:diff`: tells two artifacts apart. `--artifact` twice names them; `--artifact=<stage>` once with `--a` and `--b` means those of
 * two runs, by default of the last two.
 */
import { UserError } from '@arrowsmith/errors';
import { flag, main, readOptions, text, texts } from '@arrowsmith/pipeline/cli';
import { diffArtifacts } from '../diff/diff-artifacts.ts';
import { locateArtifact } from '../diff/locate.ts';
import { formatDiff } from '../printing/diff.ts';
import { readRuns } from '../selection/read-runs.ts';
import { put } from './output.ts';

await main(async (workspace) => {
  const { a, b, artifact, pipeline, json, output } = readOptions({
    name: 'diff',
    description: 'Tells two artifacts apart: files, tables, tensors, merges.',
    options: {
      artifact: texts('A stage, or a file of it, of two runs; or twice a path or <run>:<stage>.', 'artifact'),
      a: text('The one run.', 'run', 'latest~1'),
      b: text('The other run.', 'run', 'latest'),
      pipeline: text('The pipeline whose runs are meant.', 'pipeline'),
      json: flag('Prints JSON.'),
      output: text('Writes to this file instead.', 'file'),
    },
    example: '--artifact=train/weights.arrow --a=latest~1 --b=latest',
  });
  const runs = await readRuns(workspace);
  const [one, other] = twoArtifacts(artifact ?? [], a, b);
  const context = { workspace, runs, pipeline };
  const diff = await diffArtifacts(await locateArtifact(one, context), await locateArtifact(other, context));
  await put(json === true ? JSON.stringify(diff, null, 2) : formatDiff(diff), { root: workspace.root, file: output });
});

function twoArtifacts(artifacts: readonly string[], a?: string, b?: string): [string, string] {
  const [first, second] = artifacts;
  if (artifacts.length === 2 && a === undefined && b === undefined) return [first!, second!];
  if (artifacts.length === 1) return [`${a ?? 'latest~1'}:${first!}`, `${b ?? 'latest'}:${first!}`];
  if (artifacts.length === 0 && a !== undefined && b !== undefined) return [a, b];
  throw new UserError({
    what: 'two artifacts are compared',
    expected: '--artifact=<path or run:stage> twice, or --artifact=<stage> and the runs as --a and --b',
    found: [a, b, ...artifacts].filter((each) => each !== undefined).join(', ') || 'none',
    fix: 'for example npx nx run pipeline:diff --artifact=train/weights.arrow --a=latest~1 --b=latest',
  });
}
