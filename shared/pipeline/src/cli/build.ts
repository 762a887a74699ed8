/**
 * @file `nx run pipeline:build`: bundles every stage and writes the identity of its code, which results are keyed by; and bundles the commands that
 * should start fast.
 */
import { buildCode } from '../bundles.ts';
import { stageNames } from '../workspace.ts';
import { main } from './main.ts';

const COMMANDS = {
  runs: 'shared/runs/src/cli/runs.ts',
  compare: 'shared/runs/src/cli/compare.ts',
  report: 'shared/runs/src/cli/report.ts',
};

await main(async (workspace) => buildCode(workspace, await stageNames(workspace.root), COMMANDS));
