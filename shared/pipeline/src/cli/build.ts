/**
 * @file `nx run pipeline:build`: bundles every stage and writes the identity of its code, which its targets are keyed by; and bundles the commands
 * that should start fast.
 */
import { buildCommand, buildStage } from '../code.ts';
import { stageNames } from '../workspace.ts';
import { main } from './main.ts';

const COMMANDS = {
  'complete-run': 'shared/pipeline/src/cli/complete-run.ts',
  runs: 'shared/runs/src/cli/runs.ts',
  compare: 'shared/runs/src/cli/compare.ts',
};

await main(async (workspace) => {
  const stages = await stageNames(workspace.root);
  await Promise.all([
    ...stages.map((stage) => buildStage(workspace, stage)),
    ...Object.entries(COMMANDS).map(([name, file]) => buildCommand(workspace, name, file)),
  ]);
});
