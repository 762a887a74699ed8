/** @file `nx run pipeline:compare`: compares runs with the first of them; by default the last two of a pipeline. */
import { relative, resolve } from 'node:path';
import { print, UserError } from '@arrowsmith/errors';
import { main } from '@arrowsmith/pipeline/cli';
import { compareRuns } from '../comparison/compare-runs.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { formatComparison, markdownComparison } from '../printing/comparison.ts';
import { writeReport } from '../report/write-report.ts';
import { resolveReferences } from '../selection/references.ts';
import { readRuns } from './ledger.ts';
import { flag, readOptions, text } from './options.ts';
import { put } from './output.ts';

await main(async (workspace) => {
  const options = readOptions('compare', {
    a: text,
    b: text,
    runs: text,
    pipeline: text,
    markdown: flag,
    json: flag,
    html: flag,
    output: text,
  });
  const runs = await readRuns(workspace);
  const { pipeline = runs.at(-1)?.pipeline } = options;
  const asked = references(options);
  const context = { workspace, runs, pipeline: asked === undefined ? pipeline : options.pipeline };
  const named = await resolveReferences(asked ?? ['latest~1', 'latest'], context);
  if (options.html === true) {
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
