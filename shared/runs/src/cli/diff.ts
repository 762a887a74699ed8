/**
 * @file `nx run pipeline:diff`: tells two artifacts apart. `--artifact` twice names them; `--artifact=<step>` once with `--a` and `--b` means those of
 * two runs, by default of the last two.
 */
import { UserError } from '@arrowsmith/errors';
import { main, outputOptions, put, readOptions, texts } from '@arrowsmith/pipeline/cli';
import { diffArtifacts } from '../diff/diff-artifacts.ts';
import type { ArtifactDiff } from '../diff/diff.ts';
import { locateArtifact } from '../diff/locate.ts';
import { formatDiff, markdownDiff } from '../printing/diff.ts';
import { pairOf, pairOptions, pipelineOption } from '../selection/options.ts';
import { readRuns } from '../selection/read-runs.ts';
import { resolveReferences, type ReferenceContext } from '../selection/references.ts';

await main(async (workspace) => {
  const { a, b, artifact, pipeline, json, markdown, output } = readOptions({
    name: 'diff',
    description: 'Tells two artifacts apart: files, tables, tensors, merges.',
    options: {
      artifact: texts('A step, or a file of it, of two runs; or twice a path or <run>:<step>.', 'artifact'),
      ...pairOptions,
      ...pipelineOption('that of the last run'),
      ...outputOptions,
    },
    example: '--artifact=train/weights.arrow --a=latest~1 --b=latest',
  });
  const context = { workspace, runs: await readRuns(workspace), pipeline };
  const [one, other] = await twoArtifacts(artifact ?? [], { a, b }, context);
  const diff = await diffArtifacts(await locateArtifact(one, context), await locateArtifact(other, context));
  const show = json === true ? formatJson : markdown === true ? markdownDiff : formatDiff;
  await put(show(diff), { root: workspace.root, file: output });
});

function formatJson(diff: ArtifactDiff): string {
  return JSON.stringify(diff, null, 2);
}

async function twoArtifacts(
  artifacts: readonly string[],
  { a, b }: { a?: string | undefined; b?: string | undefined },
  context: ReferenceContext,
): Promise<[string, string]> {
  const [first, second] = artifacts;
  if (artifacts.length === 2 && a === undefined && b === undefined) return [first!, second!];
  if (artifacts.length === 0 && a !== undefined && b !== undefined) return [a, b];
  if (artifacts.length === 1) {
    const named = await resolveReferences(pairOf({ a, b, pipeline: context.pipeline }, context.runs), context);
    // Whose baseline it is, the other run says.
    const [one, other] = named.map(({ reference, run }) => (reference === 'baseline' ? run.id : reference));
    return [`${one!}:${first!}`, `${other!}:${first!}`];
  }
  throw new UserError({
    what: 'two artifacts are compared',
    expected: '--artifact=<path or run:step> twice, or --artifact=<step> and the runs as --a and --b',
    found: [a, b, ...artifacts].filter((each) => each !== undefined).join(', ') || 'none',
    fix: 'for example npx nx run pipeline:diff --artifact=train/weights.arrow --a=latest~1 --b=latest',
  });
}
