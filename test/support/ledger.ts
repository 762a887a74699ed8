/** @file What the runs ledger of a copied workspace says about the last run. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerEntry } from '@arrowsmith/pipeline';
import type { TestWorkspace } from './workspace.ts';

/** The newest entry, the stages that it computed, and the manifest digest of every stage. */
export function lastRun(workspace: TestWorkspace): { entry: LedgerEntry; computed: string[]; manifests: string[] } {
  const ids = readdirSync(join(workspace.root, 'artifacts/runs'));
  const runs = ids.map((id) => JSON.parse(workspace.read(`artifacts/runs/${id}`)) as LedgerEntry);
  const entry = runs.sort((a, b) => (a.finishedAt < b.finishedAt ? 1 : -1))[0]!;
  return {
    entry,
    computed: Object.entries(entry.stages).flatMap(([stage, { cached }]) => (cached ? [] : [stage])),
    manifests: Object.values(entry.stages).map(({ manifest }) => manifest),
  };
}
