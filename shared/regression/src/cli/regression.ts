/**
 * @file `nx run pipeline:regression [--pipeline=ci] [--seed=…] [--any-backend] [--markdown | --junit | --json] [--output=file]`: reruns a pipeline
 * and compares it with its committed baseline. Fails when a metric is outside its limits.
 */
import { print } from '@arrowsmith/errors';
import { loadDeclarations, loadPipeline, parsePipelineSet } from '@arrowsmith/pipeline';
import { flag, format, main, outputOptions, readOptions, text } from '@arrowsmith/pipeline/cli';
import { gate, type ReportFormat } from '../gate.ts';
import { measure } from '../measure.ts';
import { artifactsWithSeed, runPipeline } from '../run-pipeline.ts';
import { CI_PIPELINE, wholeNumber } from './flags.ts';

await main(async (workspace, signal) => {
  const flags = readOptions({
    name: 'regression',
    description:
      'Reruns a pipeline and fails where a metric is outside the limits of its committed baseline. Markdown and JUnit XML are always in .work/regression, too.',
    options: {
      pipeline: { ...text('The pipeline.', 'pipeline', CI_PIPELINE), default: CI_PIPELINE },
      seed: text('Another seed than those of the baseline.', 'number'),
      'any-backend': flag('Also on another backend than that of the baseline.'),
      ...outputOptions,
      junit: format('Prints JUnit XML.'),
    },
    example: '--pipeline=ci',
  });
  const declarations = await loadDeclarations(workspace.root);
  const overrides = parsePipelineSet(process.env['PIPELINE_SET'] ?? '');
  const pipeline = loadPipeline(workspace.root, flags.pipeline, declarations, overrides);
  await gate({
    workspace,
    declarations,
    pipeline,
    seed: flags.seed === undefined ? undefined : wholeNumber('seed', flags.seed, 0),
    anyBackend: flags['any-backend'] === true,
    format: (['markdown', 'junit', 'json'] as const satisfies ReportFormat[]).find((each) => flags[each] === true),
    output: flags.output,
    stepSummary: process.env['GITHUB_STEP_SUMMARY'],
    async run(seed) {
      await runPipeline(workspace, pipeline, { seed, quiet: false, signal });
      const made = { seed, overrides, signal };
      return measure(workspace, pipeline, await artifactsWithSeed(workspace, pipeline, declarations, made));
    },
    print,
  });
});
