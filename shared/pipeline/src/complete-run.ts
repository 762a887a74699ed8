/** @file A pipeline, or a step with what it needed, is done: its artifacts become an entry of the ledger. */
import { cpus, hostname, totalmem } from 'node:os';
import { UserError } from '@arrowsmith/errors';
import type { FindArtifact, Found } from './artifact.ts';
import { appendRun, type Machine, packLedger, type Revision, type Run, type StepRun } from './ledger/index.ts';
import { readPointer, writePointer } from './pointer.ts';
import type { Changes } from './overrides.ts';
import { rerunCommand } from './rerun-command.ts';
import type { Workspace } from './workspace.ts';

/** What has been run. */
export interface Completed {
  pipeline: string;
  /** The step that was run by itself. */
  step?: string | undefined;
  /** All steps whose artifacts belong to the run, in the order in which they run. */
  steps: readonly string[];
  /** Finds their artifacts. */
  find: FindArtifact;
  /** When it began, in milliseconds since 1970. */
  startedAt?: number | undefined;
  revision?: Revision;
  /** Parameters that were changed for it, by path. */
  changes?: Changes;
  name?: string | undefined;
  notes?: string | undefined;
}

/**
 * Appends what is done to the ledger, and lets the pointers name it.
 * @throws UserError where an artifact is not in the store, or was not made from the artifacts before it
 */
export async function completeRun(workspace: Workspace, completed: Completed): Promise<Run> {
  const { pipeline, step, revision = { dirty: false }, changes, name, notes } = completed;
  const artifacts = new Map<string, Found>();
  for (const each of completed.steps) artifacts.set(each, await completed.find(each));
  checkChain(rerunCommand(completed), artifacts);
  const steps: Record<string, StepRun> = {};
  for (const [each, { manifest, run, computed }] of artifacts) {
    const { pipeline: _pipeline, ...record } = run;
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    steps[each] = { ...record, cached: !computed, bytes, metadata: manifest.metadata };
    await pointTo(workspace, artifacts.get(each)!);
  }
  const substitution = [...artifacts.values()].find(({ manifest }) => manifest.substitution !== undefined);
  const now = new Date();
  const { startedAt = now.getTime() } = completed;
  const backend = Object.values(steps).find(({ environment }) => environment['backend'] !== undefined);
  const run = await appendRun(
    workspace,
    {
      pipeline,
      seconds: (now.getTime() - startedAt) / 1000,
      ...revision,
      machine: describeMachine(),
      steps,
      ...(step === undefined ? {} : { step }),
      ...(changes === undefined ? {} : { changes }),
      ...(name ? { name } : {}),
      ...(notes ? { notes } : {}),
      ...(backend === undefined ? {} : { backend: backend.environment['backend'] }),
      ...(substitution === undefined ? {} : { substitution: substitution.manifest.substitution }),
    },
    now,
  );
  await packLedger(workspace);
  return run;
}

/** Each artifact was made from those that the run has of its inputs. */
function checkChain(again: string, artifacts: ReadonlyMap<string, Found>): void {
  for (const [step, { run }] of artifacts) {
    for (const [input, digest] of Object.entries(run.inputs)) {
      const own = artifacts.get(input)?.manifestSha256;
      if (own === undefined || own === digest) continue;
      throw new UserError({
        what: `the artifact of ${step}:${run.pipeline} was made from another artifact of ${input} than this run's`,
        expected: `${input} ${own.slice(0, 12)}`,
        found: `${input} ${digest.slice(0, 12)}`,
        fix: again,
      });
    }
  }
}

/** What Nx did not run again has the pointer of another run, or none. */
async function pointTo(workspace: Workspace, { manifest, manifestSha256, run }: Found): Promise<void> {
  const pointer = await readPointer(workspace, run.pipeline, run.stage).catch(() => undefined);
  if (pointer?.run.key === run.key && pointer.run.manifest === manifestSha256) return;
  await writePointer(workspace, manifest, run);
}

const describeMachine = (): Machine => ({
  host: hostname(),
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  node: process.version,
});
