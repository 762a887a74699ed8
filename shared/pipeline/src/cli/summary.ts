/** @file The last task of `nx run pipeline:<pipeline>`: keeps the ledger and prints the summary. */
import { parsePipelineSet } from '../overrides.ts';
import { loadPipeline } from '../pipeline-file.ts';
import { completeRun, formatSummary } from '../summary.ts';
import { loadDeclarations } from '../workspace.ts';
import { main } from './main.ts';

const [name = ''] = process.argv.slice(2);

await main(async (workspace) => {
  const declarations = await loadDeclarations(workspace.root);
  const pipeline = loadPipeline(
    workspace.root,
    name,
    declarations,
    parsePipelineSet(process.env['PIPELINE_SET'] ?? ''),
  );
  const run = await completeRun(workspace, pipeline, process.env['ARROWSMITH_INVOCATION']);
  console.log(formatSummary(run, pipeline.description));
});
