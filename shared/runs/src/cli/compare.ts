/** @file `nx run pipeline:compare`: compares runs with the first of them; by default the last two of a pipeline. */
import { relative, resolve } from 'node:path';
import { outputColumns, print, UserError } from '@arrowsmith/errors';
import { format, main, outputOptions, put, readOptions, text } from '@arrowsmith/pipeline/cli';
import { compareRuns } from '../comparison/compare-runs.ts';
import { formatComparison, markdownComparison } from '../printing/comparison.ts';
import { parseSampleChoice } from '../printing/samples.ts';
import { namedRuns, pairOf, pairOptions, pipelineOption, runsOption } from '../selection/options.ts';
import { resolveReferences } from '../selection/references.ts';
import { readRuns } from '../selection/read-runs.ts';

await main(async (workspace) => {
  const options = readOptions({
    name: 'compare',
    description:
      'Compares runs with the first of them: what was changed, what came of it, and whether that is more than noise.',
    options: {
      ...pairOptions,
      ...runsOption,
      ...pipelineOption('that of the last run'),
      samples: text(
        'Shows so many of the samples that differ, or all of them, whole.',
        'number|all',
        'two, cut; all in Markdown',
      ),
      ...outputOptions,
      html: format('Writes a page, as report does.'),
    },
    example: '--a=latest~1 --b=latest',
  });
  const samples = parseSampleChoice(options.samples);
  const runs = await readRuns(workspace);
  const asked = namedRuns(options, runs) ?? pairOf(options, runs);
  if (asked.length < 2) throw nothingToCompareWith(asked);
  const named = await resolveReferences(asked, { workspace, runs, pipeline: options.pipeline });
  if (options.html === true) {
    const { writeReport } = await import('../report/write-report.ts'); // takes as long to load as all else
    const output = options.output === undefined ? undefined : resolve(workspace.root, options.output);
    return print(relative(process.cwd(), await writeReport(workspace, named, output)));
  }
  const comparison = await compareRuns(workspace, named);
  const columns = options.output === undefined ? outputColumns() : undefined;
  const shown =
    options.json === true
      ? JSON.stringify(comparison, null, 2)
      : options.markdown === true
        ? markdownComparison(comparison, { samples })
        : formatComparison(comparison, { columns, samples });
  await put(shown, { root: workspace.root, file: options.output });
});

function nothingToCompareWith(asked: readonly string[]): UserError {
  return new UserError({
    what: 'there is nothing to compare with',
    expected: 'two runs or more',
    found: asked.join(', '),
    fix: `npx nx run pipeline:compare --a=${asked[0]!} compares it with the last run; --runs=<run>,<run>,<run> several`,
  });
}
