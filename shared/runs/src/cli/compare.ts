/** @file `nx run pipeline:compare`: compares runs with the first of them; by default the last two of a pipeline. */
import { UserError } from '@arrowsmith/errors';
import { readLedger } from '@arrowsmith/pipeline';
import { main } from '@arrowsmith/pipeline/cli';
import { compareRuns } from '../comparison/compare-runs.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { formatComparison, markdownComparison } from '../printing/comparison.ts';
import { formatDamage } from '../printing/list.ts';
import { resolveReferences } from '../selection/references.ts';
import { readOptions } from './options.ts';
import { put } from './output.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

await main(async (workspace) => {
  const options = readOptions('compare', {
    a: text,
    b: text,
    runs: text,
    pipeline: text,
    markdown: flag,
    json: flag,
    output: text,
  });
  const { runs, damaged } = await readLedger(workspace);
  if (damaged.length > 0) console.error(formatDamage(damaged));
  const { pipeline = runs.at(-1)?.pipeline } = options;
  const asked = references(options);
  const context = { workspace, runs, pipeline: asked === undefined ? pipeline : options.pipeline };
  const comparison = await compareRuns(workspace, await resolveReferences(asked ?? ['latest~1', 'latest'], context));
  const format = options.json === true ? asJson : options.markdown === true ? markdownComparison : formatComparison;
  await put(format(comparison), { root: workspace.root, file: options.output });
});

const asJson = (comparison: Comparison): string => JSON.stringify(comparison, null, 2);

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
