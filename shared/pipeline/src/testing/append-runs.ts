/** @file Appends runs to the ledger of a workspace and packs it all the time: `append-runs <root> <runs>`. Prints the id of each. */
import { appendRun, packLedger } from '../ledger/index.ts';
import { openWorkspace } from '../workspace.ts';
import { testRun } from './runs.ts';

const [root = '', count = ''] = process.argv.slice(2);
const workspace = openWorkspace(root, {});
for (let i = 0; i < Number(count); i++) {
  const { id } = await appendRun(workspace, testRun({ notes: `number ${i}` }));
  console.log(id);
  await packLedger(workspace, { fromRuns: 4, fromPacked: 3 });
}
