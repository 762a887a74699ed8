/** @file Runs a stage from its sources, for a debugger: `node --import tsx shared/pipeline/src/cli/run-stage.ts train tinystories`. */
import { parsePipelineSet } from '../overrides.ts';
import { loadPipeline } from '../pipeline-file.ts';
import { findRoot, loadDeclaration, loadDeclarations, loadStage } from '../workspace.ts';
import { runStageCommand } from './run-stage-command.ts';

const [stage = '', ...args] = process.argv.slice(2);
const root = findRoot(process.cwd());
const declaration = await loadDeclaration(root, stage);
const declarations = await loadDeclarations(root);

await runStageCommand(
  declaration,
  () => loadStage(root, stage),
  args,
  (pipeline) =>
    loadPipeline(root, pipeline, declarations, parsePipelineSet(process.env['PIPELINE_SET'] ?? '')).stages[stage] ?? {},
);
