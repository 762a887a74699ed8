/** @file Fuzzes the ledger of runs: single runs and packed ones. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { appendRun, ledgerFolder, openWorkspace, packLedger, readLedger } from '@arrowsmith/pipeline';
import { testRun } from '../../../shared/pipeline/src/testing/runs.ts';
import { type Fuzzer, Refused } from '../harness.ts';

export const ledger: Fuzzer = {
  name: 'ledger',
  async prepare(folder) {
    const workspace = openWorkspace(folder, {});
    for (let i = 0; i < 3; i++) await appendRun(workspace, testRun(), new Date(Date.UTC(2026, 0, 1, 9, 0, i)));
    await packLedger(workspace, { now: new Date(Date.now() + 3_600_000) } as never);
    for (let i = 0; i < 2; i++)
      await appendRun(workspace, testRun({ name: `run ${i}` }), new Date(Date.UTC(2026, 0, 2, 9, 0, i)));
    const files = readdirSync(ledgerFolder(workspace)).filter((name) => name.endsWith('.arrow'));
    return {
      guarded: true,
      files: files.map((name) => ({ path: join(ledgerFolder(workspace), name), kind: 'bytes' })),
      async read() {
        const { runs, damaged } = await readLedger(workspace);
        if (damaged.length > 0) throw new Refused(damaged.map(({ reason }) => reason).join('\n'));
        return runs;
      },
    };
  },
};
