/** @file Appends runs to the ledger of a workspace and packs it all the time: `append-runs <root> <runs> <time of the first>`. Prints the id of each. */
import { appendRun, packLedger } from '../ledger/index.ts';
import { openWorkspace } from '../workspace.ts';
import { testRun } from './runs.ts';

const [root = '', count = '', first = ''] = process.argv.slice(2);
const workspace = openWorkspace(root, {});
for (let i = 0; i < Number(count); i++) {
  const { id } = await appendRun(workspace, testRun({ notes: `number ${i}` }), new Date(Date.parse(first) + i * 1000));
  console.log(id);
  await packLedger(workspace, { fromRuns: 4, fromPacked: 3 });
}
