/**
 * @file `nx run pipeline:diff`: tells two artifacts apart. `--artifact` twice names them; `--artifact=<stage>` once with `--a` and `--b` means those of
 * two runs, by default of the last two.
 */
import { UserError } from '@arrowsmith/errors';
import { main } from '@arrowsmith/pipeline/cli';
import { diffArtifacts } from '../diff/diff-artifacts.ts';
import { locateArtifact } from '../diff/locate.ts';
import { formatDiff } from '../printing/diff.ts';
import { readRuns } from './ledger.ts';
import { flag, readOptions, text } from './options.ts';
import { put } from './output.ts';

await main(async (workspace) => {
  const { a, b, artifact, pipeline, json, output } = readOptions('diff', {
    artifact: { type: 'string', multiple: true },
    a: text,
    b: text,
    pipeline: text,
    json: flag,
    output: text,
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
