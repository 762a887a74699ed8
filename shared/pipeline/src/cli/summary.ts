/** @file The last task of `nx run pipeline:<pipeline>`: keeps the ledger and prints the summary. */
import { UserError } from '@arrowsmith/errors';
import { parsePipelineSet } from '../overrides.ts';
import { loadPipeline } from '../pipeline-file.ts';
import { completeRun, formatSummary } from '../summary.ts';
import { loadDeclarations } from '../workspace.ts';
import { main } from './main.ts';

const [name = '', ...flags] = process.argv.slice(2);

await main(async (workspace) => {
  if (flags.length > 0) throw unknownFlags(); // Nx hands what it does not know to its last task
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

function unknownFlags(): UserError {
  return new UserError({
    what: `${flags.join(' ')}: no parameter of any stage; it was ignored`,
    where: `nx run pipeline:${name}`,
    expected: 'a pipeline without flags of its own',
    fix: `check the spelling; parameters are given as PIPELINE_SET=<stage>.<parameter>=<value> npx nx run pipeline:${name}`,
  });
}
