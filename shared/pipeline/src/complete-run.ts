/** @file A pipeline, or a stage with what it needed, is done: its pointers become an entry of the ledger. */
import { cpus, hostname, totalmem } from 'node:os';
import { appendRun, type Machine, packLedger, type Revision, type Run, type StageRun } from './ledger/index.ts';
import { readPointer } from './pointer.ts';
import type { Workspace } from './workspace.ts';

/** What has been run. */
export interface Completed {
  pipeline: string;
  /** The stage that was run by itself. */
  stage?: string;
  /** All stages whose artifacts belong to the run, in the order in which they run. */
  stages: readonly string[];
  /** Identity of this `nx run`; a stage whose pointer another one wrote was cached by Nx. */
  invocation?: string | undefined;
  /** When it began, in milliseconds since 1970. */
  startedAt?: number | undefined;
  revision?: Revision;
  name?: string | undefined;
  notes?: string | undefined;
}

/** Reads the pointers of what is done and appends it to the ledger. */
export async function completeRun(workspace: Workspace, completed: Completed): Promise<Run> {
  const { pipeline, stage, invocation, revision = { dirty: false }, name, notes } = completed;
  const stages: Record<string, StageRun> = {};
  let substitution: string | undefined;
  for (const each of completed.stages) {
    const { manifest, run } = await readPointer(workspace, pipeline, each);
    const { pipeline: _pipeline, invocation: ranBy, outcome, ...record } = run;
    const ranNow = outcome === 'computed' && invocation !== undefined && ranBy === invocation;
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    stages[each] = { ...record, cached: !ranNow, bytes, metadata: manifest.metadata };
    substitution ??= manifest.substitution;
  }
  const now = new Date();
  const { startedAt = now.getTime() } = completed;
  const backend = Object.values(stages).find(({ environment }) => environment['backend'] !== undefined);
  const run = await appendRun(
    workspace,
    {
      pipeline,
      seconds: (now.getTime() - startedAt) / 1000,
      ...revision,
      machine: describeMachine(),
      stages,
      ...(stage === undefined ? {} : { stage }),
      ...(name ? { name } : {}),
      ...(notes ? { notes } : {}),
      ...(backend === undefined ? {} : { backend: backend.environment['backend'] }),
      ...(substitution === undefined ? {} : { substitution }),
    },
    now,
  );
  await packLedger(workspace);
  return run;
}

const describeMachine = (): Machine => ({
  host: hostname(),
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  node: process.version,
});
