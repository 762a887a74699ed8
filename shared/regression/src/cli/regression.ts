/**
 * @file `nx run pipeline:regression [--pipeline=ci] [--seed=…] [--any-backend] [--markdown=file] [--junit=file]`: reruns a pipeline and
 * compares it with its committed baseline. Fails when a metric is outside its limits.
 */
import { appendFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { loadDeclarations, loadPipeline, parsePipelineSet } from '@arrowsmith/pipeline';
import { main } from '@arrowsmith/pipeline/cli';
import { readBaseline } from '../baseline.ts';
import { formatReport } from '../console.ts';
import { checkExperiment, checkText, SEED_PARAMETER } from '../experiment.ts';
import { toJUnit } from '../junit.ts';
import { toMarkdown } from '../markdown.ts';
import { measure } from '../measure.ts';
import { describe, headline, makeReport } from '../report.ts';
import { runPipeline } from '../run-pipeline.ts';
import { CI_PIPELINE, readFlags, wholeNumber } from './options.ts';

await main(async (workspace, signal) => {
  const flags = readFlags('regression', process.argv.slice(2), {
    pipeline: { type: 'string', default: CI_PIPELINE },
    seed: { type: 'string' },
    'any-backend': { type: 'boolean', default: false },
    markdown: { type: 'string' },
    junit: { type: 'string' },
  });
  const { root } = workspace;
  const declarations = await loadDeclarations(root);
  const overrides = parsePipelineSet(process.env['PIPELINE_SET'] ?? '');
  const pipeline = loadPipeline(root, flags.pipeline, declarations, overrides);
  const baseline = await readBaseline(workspace, pipeline.name);
  checkExperiment(pipeline, declarations, baseline, { anyBackend: flags['any-backend'] });
  const seed = flags.seed === undefined ? ownSeed() : wholeNumber('seed', flags.seed, 0);

  const started = performance.now();
  await runPipeline(workspace, pipeline.name, { seed, quiet: false, signal });
  const run = await measure(workspace, pipeline);
  checkText(baseline, run);
  const report = makeReport(baseline, run, (performance.now() - started) / 1000);

  const folder = join(root, '.work', 'regression');
  const markdown = resolve(root, flags.markdown ?? join(folder, `${pipeline.name}.md`));
  const junit = resolve(root, flags.junit ?? join(folder, `${pipeline.name}.xml`));
  await writeFileAtomic(markdown, toMarkdown(report));
  await writeFileAtomic(junit, toJUnit(report));
  const stepSummary = process.env['GITHUB_STEP_SUMMARY'];
  if (stepSummary) await appendFile(stepSummary, `${toMarkdown(report)}\n`);
  console.log(formatReport(report));
  console.log(`report ${relative(root, markdown)}, JUnit XML ${relative(root, junit)}`);
  if (report.passed) return;
  const failures = report.verdicts.filter(({ outcome }) => outcome !== 'ok');
  throw new UserError({
    what: [`regression: ${headline(report)}`, ...failures.map((verdict) => `  - ${describe(verdict)}`)].join('\n'),
    where: [`pipeline ${pipeline.name}`, ...report.clues].join('\n             '),
    fix: `mend it; or, if this is meant to be so, renew the baseline and commit it: npx nx run pipeline:baseline --pipeline=${pipeline.name}`,
  });

  function ownSeed(): number {
    return pipeline.stages[SEED_PARAMETER.stage]![SEED_PARAMETER.name] as number;
  }
});
