/** @file What happens after the tasks of an `nx run`: stages that were run by themselves become entries of the runs ledger. */
import { spawnSync } from 'node:child_process';
import { endRun } from '../run-state.ts';
import type { StageDeclaration } from '../stage.ts';
import { codePath, openWorkspace } from '../workspace.ts';

/** The part of Nx's result of a task that is used here. */
export interface TaskOutcome {
  task: { target: { project: string; target: string } };
  status: string;
}

/** Nx's names for a task whose outputs are there. */
const DONE: ReadonlySet<string> = new Set(['success', 'local-cache', 'local-cache-kept-existing', 'remote-cache']);

/** A stage that was run for its own sake. */
export interface StageAlone {
  pipeline: string;
  stage: string;
}

/**
 * Appends to the ledger what was run stage by stage; a whole pipeline's own last task does that itself.
 * @throws when that failed, so that `nx run` fails
 */
export async function afterTasks(
  root: string,
  outcomes: readonly TaskOutcome[],
  declarations: ReadonlyMap<string, StageDeclaration>,
): Promise<void> {
  const id = process.env['ARROWSMITH_INVOCATION'];
  try {
    if (outcomes.some(({ status }) => !DONE.has(status))) return; // failed, skipped, or stopped by a signal
    for (const { pipeline, stage } of stagesAlone(outcomes, declarations)) {
      const { status } = spawnSync(process.execPath, [codePath({ root }, 'complete-run'), pipeline, stage], {
        cwd: root,
        stdio: 'inherit',
      });
      if (status !== 0) throw new Error(`${stage}:${pipeline} is done, but is not in the runs ledger`);
    }
  } finally {
    if (id) await endRun(openWorkspace(root), id);
  }
}

/** The stages that were run for their own sake: no other task that ran needed them. */
export function stagesAlone(
  outcomes: readonly TaskOutcome[],
  declarations: ReadonlyMap<string, StageDeclaration>,
): StageAlone[] {
  const targets = outcomes.map(({ task }) => task.target);
  const whole = new Set(targets.flatMap(({ project, target }) => (project === 'pipeline' ? [target] : [])));
  const ran = targets.filter(({ project, target }) => declarations.has(project) && !whole.has(target));
  const inputsOf = (stage: string): readonly string[] => declarations.get(stage)?.inputs ?? [];
  return ran
    .filter(
      ({ project, target }) =>
        !ran.some((other) => other.target === target && inputsOf(other.project).includes(project)),
    )
    .map(({ project, target }) => ({ pipeline: target, stage: project }));
}
