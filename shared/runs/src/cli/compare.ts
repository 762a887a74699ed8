/** @file `nx run pipeline:compare`: compares runs with the first of them; by default the last two of a pipeline. */
import { relative, resolve } from 'node:path';
import { print, UserError } from '@arrowsmith/errors';
import { flag, main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { compareRuns } from '../comparison/compare-runs.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { formatComparison, markdownComparison } from '../printing/comparison.ts';
import { resolveReferences } from '../selection/references.ts';
import { readRuns } from '../selection/read-runs.ts';
import { put } from './output.ts';

await main(async (workspace) => {
  const options = readOptions({
    name: 'compare',
    description:
      'Compares runs with the first of them: what was changed, what came of it, and whether that is more than noise.',
    options: {
      a: text(
        'The run that others are compared with: an id, a name, latest, latest~1, <pipeline>@latest, baseline.',
        'run',
        'latest~1',
      ),
      b: text('Another run.', 'run', 'latest'),
      runs: text('Several runs instead; the others are compared with the first.', 'run,run,…'),
      pipeline: text('The pipeline whose runs are meant.', 'pipeline', 'that of the last run'),
      markdown: flag('Prints Markdown.'),
      json: flag('Prints JSON.'),
      html: flag('Writes a page instead, as report does.'),
      output: text('Writes to this file instead.', 'file'),
    },
    example: '--a=latest~1 --b=latest',
  });
  const runs = await readRuns(workspace);
  const { pipeline = runs.at(-1)?.pipeline } = options;
  const asked = references(options);
  const context = { workspace, runs, pipeline: asked === undefined ? pipeline : options.pipeline };
  const named = await resolveReferences(asked ?? ['latest~1', 'latest'], context);
  if (options.html === true) {
    const { writeReport } = await import('../report/write-report.ts'); // takes as long to load as all else
    const output = options.output === undefined ? undefined : resolve(workspace.root, options.output);
    return print(relative(process.cwd(), await writeReport(workspace, named, output)));
  }
  const comparison = await compareRuns(workspace, named);
  const format = options.json === true ? formatJson : options.markdown === true ? markdownComparison : formatComparison;
  await put(format(comparison), { root: workspace.root, file: options.output });
});

function formatJson(comparison: Comparison): string {
  return JSON.stringify(comparison, null, 2);
}

/** @returns undefined where none is asked for */
function references({ a, b, runs }: { a?: string; b?: string; runs?: string }): string[] | undefined {
  if (a === undefined && b === undefined && runs === undefined) return undefined;
  const several = (runs ?? '').split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]));
  const named = [...(a === undefined ? [] : [a]), ...(b === undefined ? [] : [b]), ...several];
  if (named.length >= 2) return named;
  if (a === undefined && b !== undefined) return ['latest', b];
  if (a !== undefined) return [a, 'latest'];
  throw new UserError({
    what: 'there is nothing to compare with',
    expected: 'two runs or more',
    found: named.join(', ') || 'none',
    fix: 'npx nx run pipeline:compare --a=<run> --b=<run>, or --runs=<run>,<run>,<run>',
  });
}
