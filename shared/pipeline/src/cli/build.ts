/** @file `nx run pipeline:build`: bundles every stage and writes the identity of its code, which its targets are keyed by. */
import { buildStage } from '../code.ts';
import { stageNames } from '../workspace.ts';
import { main } from './main.ts';

await main(async (workspace) => {
  const stages = await stageNames(workspace.root);
  await Promise.all(stages.map((stage) => buildStage(workspace, stage)));
});
