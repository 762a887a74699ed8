/** @file `nx run pipeline:compare`: compares runs with the first of them; by default the last two of a pipeline. */
import { relative, resolve } from 'node:path';
import { print, UserError } from '@arrowsmith/errors';
import { format, main, outputOptions, put, readOptions } from '@arrowsmith/pipeline/cli';
import { compareRuns } from '../comparison/compare-runs.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { formatComparison, markdownComparison } from '../printing/comparison.ts';
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
      ...outputOptions,
      html: format('Writes a page, as report does.'),
    },
    example: '--a=latest~1 --b=latest',
  });
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
  const show = options.json === true ? formatJson : options.markdown === true ? markdownComparison : formatComparison;
  await put(show(comparison), { root: workspace.root, file: options.output });
});

function formatJson(comparison: Comparison): string {
  return JSON.stringify(comparison, null, 2);
}

function nothingToCompareWith(asked: readonly string[]): UserError {
  return new UserError({
    what: 'there is nothing to compare with',
    expected: 'two runs or more',
    found: asked.join(', '),
    fix: `npx nx run pipeline:compare --a=${asked[0]!} compares it with the last run; --runs=<run>,<run>,<run> several`,
  });
}
