/** @file What the runs ledger of a copied workspace says about the last run. */
import { openWorkspace, readLedger, type Run } from '@arrowsmith/pipeline';
import type { TestWorkspace } from './workspace.ts';

/** The newest run, or the newest of a pipeline, the stages that it computed, and the manifest digest of every stage. */
export async function lastRun(
  { root }: TestWorkspace,
  pipeline?: string,
): Promise<{ run: Run; computed: string[]; manifests: string[] }> {
  const { runs } = await readLedger(openWorkspace(root, {}));
  const run = runs.findLast((each) => pipeline === undefined || each.pipeline === pipeline)!;
  return {
    run,
    computed: Object.entries(run.steps).flatMap(([stage, { cached }]) => (cached ? [] : [stage])),
    manifests: Object.values(run.steps).map(({ manifest }) => manifest),
  };
}
