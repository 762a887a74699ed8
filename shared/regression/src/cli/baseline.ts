/** @file `nx run pipeline:baseline [--pipeline=ci] [--seeds=12]`: measures a pipeline with several seeds and writes its baseline. */
import { relative } from 'node:path';
import { print } from '@arrowsmith/errors';
import { loadDeclarations, loadPipeline, parsePipelineSet, readRevision } from '@arrowsmith/pipeline';
import { main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { writeBaseline } from '../baseline.ts';
import { formatBaseline } from '../console.ts';
import { engineOf, ownSeed } from '../experiment.ts';
import { makeBaseline } from '../make-baseline.ts';
import { measure, type Measured } from '../measure.ts';
import { artifactsWithSeed, runPipeline } from '../run-pipeline.ts';
import { CI_PIPELINE, wholeNumber } from './flags.ts';

/** With 13 noisy metrics, limits are 6.4 deviations from the mean; half as many seeds would make that 12.7, twice as many 4.9. */
const SEEDS = 12;

const { RUN_NAME, PIPELINE_SET = '' } = process.env;

await main(async (workspace, signal) => {
  const flags = readOptions({
    name: 'baseline',
    description: 'Measures a pipeline with several seeds and writes the baseline of its regression gate.',
    options: {
      pipeline: { ...text('The pipeline.', 'pipeline', CI_PIPELINE), default: CI_PIPELINE },
      seeds: { ...text('How many.', 'number', String(SEEDS)), default: String(SEEDS) },
    },
    example: '--pipeline=ci',
  });
  const seeds = wholeNumber('seeds', flags.seeds, 2);
  const declarations = await loadDeclarations(workspace.root);
  const overrides = parsePipelineSet(PIPELINE_SET);
  const pipeline = loadPipeline(workspace.root, flags.pipeline, declarations, overrides);
  engineOf(pipeline, declarations); // before minutes of work
  const own = ownSeed(pipeline);
  const revision = await readRevision(workspace.root);
  const runs: Measured[] = [];
  // The pipeline file's own seed comes last, so that the pipeline's artifacts stay as it says.
  for (let seed = own + seeds - 1; seed >= own; seed--) {
    const started = performance.now();
    const name = RUN_NAME && `${RUN_NAME}-seed-${seed}`; // a name for each, not one for all
    await runPipeline(workspace, pipeline, { seed, name, quiet: true, signal });
    const find = await artifactsWithSeed(workspace, pipeline, declarations, { seed, overrides, signal });
    const run = await measure(workspace, pipeline, find);
    runs.unshift(run);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const loss = run.guarded.find(({ rule, direction }) => rule === 'interval' && direction === 'both');
    const so = loss === undefined ? '' : `${loss.label} ${run.metrics[loss.name]!.toFixed(4)}, `;
    print(`seed ${seed}: ${so}${seconds} s, ${seed - own} to go`);
  }
  const baseline = makeBaseline(pipeline, runs, { now: new Date(), revision });
  const path = await writeBaseline(workspace, baseline);
  print(formatBaseline(baseline));
  print(`written to ${relative(workspace.root, path)}; commit it`);
});
