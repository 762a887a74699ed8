/** @file `nx run pipeline:baseline [--pipeline=ci] [--seeds=12]`: measures a pipeline with several seeds and writes its baseline. */
import { relative } from 'node:path';
import { loadDeclarations, loadPipeline, parsePipelineSet } from '@arrowsmith/pipeline';
import { main } from '@arrowsmith/pipeline/cli';
import { writeBaseline } from '../baseline.ts';
import { formatBaseline } from '../console.ts';
import { engineOf, SEED_PARAMETER } from '../experiment.ts';
import { gitCommit } from '../git-commit.ts';
import { makeBaseline } from '../make-baseline.ts';
import { measure, type Measured } from '../measure.ts';
import { runPipeline } from '../run-pipeline.ts';
import { CI_PIPELINE, readFlags, wholeNumber } from './options.ts';

/**
 * With nine metrics, limits are 6.1 deviations from the mean; with half as many seeds 10.7, with twice as many 4.8. A dozen takes
 * two minutes.
 */
const SEEDS = 12;

await main(async (workspace, signal) => {
  const { pipeline: name, seeds: count } = readFlags('baseline', process.argv.slice(2), {
    pipeline: { type: 'string', default: CI_PIPELINE },
    seeds: { type: 'string', default: String(SEEDS) },
  });
  const seeds = wholeNumber('seeds', count, 2);
  const declarations = await loadDeclarations(workspace.root);
  const overrides = parsePipelineSet(process.env['PIPELINE_SET'] ?? '');
  const pipeline = loadPipeline(workspace.root, name, declarations, overrides);
  engineOf(pipeline, declarations);
  const own = pipeline.stages[SEED_PARAMETER.stage]![SEED_PARAMETER.name] as number;
  const runs: Measured[] = [];
  for (let seed = own + seeds - 1; seed >= own; seed--) {
    // The pipeline file's own seed comes last, so that the pipeline's artifacts are as it says.
    const started = performance.now();
    await runPipeline(workspace, name, { seed, quiet: true, signal });
    const run = await measure(workspace, pipeline);
    runs.unshift(run);
    const bits = run.metrics['evaluate.bitsPerByte'];
    const seconds = (performance.now() - started) / 1000;
    console.log(
      `seed ${seed}: ${bits === undefined ? 'done' : `${bits.toFixed(4)} bits per byte`} in ${seconds.toFixed(1)} s, ${seed - own} to go`,
    );
  }
  const baseline = makeBaseline(pipeline, runs, { now: new Date(), commit: await gitCommit(workspace.root) });
  const path = await writeBaseline(workspace, baseline);
  console.log(formatBaseline(baseline));
  console.log(`written to ${relative(workspace.root, path)}; commit it`);
});
