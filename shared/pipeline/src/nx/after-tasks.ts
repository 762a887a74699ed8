/** @file What happens after the tasks of an `nx run`: steps that were run by themselves become entries of the runs ledger. */
import { spawnSync } from 'node:child_process';
import { inputsOf, type Steps } from '../graph.ts';
import { endRun, readPlan } from '../run-state.ts';
import { codePath, openWorkspace } from '../workspace.ts';

/** The part of Nx's result of a task that is used here. */
export interface TaskOutcome {
  task: { target: { project: string; target: string } };
  status: string;
}

/** Nx's names for a task whose outputs are there. */
const DONE: ReadonlySet<string> = new Set(['success', 'local-cache', 'local-cache-kept-existing', 'remote-cache']);

/** A step that was run for its own sake. */
export interface StepAlone {
  pipeline: string;
  step: string;
}

/**
 * Appends to the ledger what was run step by step; a whole pipeline's own last task does that itself.
 * @throws when that failed, so that `nx run` fails
 */
export async function afterTasks(root: string, outcomes: readonly TaskOutcome[]): Promise<void> {
  const id = process.env['ARROWSMITH_INVOCATION'];
  try {
    if (outcomes.some(({ status }) => !DONE.has(status))) return; // failed, skipped, or stopped by a signal
    for (const { pipeline, step } of await stepsAlone(root, outcomes)) {
      const { status } = spawnSync(process.execPath, [codePath({ root }, 'complete-run'), pipeline, step], {
        cwd: root,
        stdio: 'inherit',
      });
      if (status !== 0) throw new Error(`${step}:${pipeline} is done, but is not in the runs ledger`);
    }
  } finally {
    if (id) await endRun(openWorkspace(root), id);
  }
}

/** The steps that were run for their own sake, by the plan of the run. */
async function stepsAlone(root: string, outcomes: readonly TaskOutcome[]): Promise<StepAlone[]> {
  const id = process.env['ARROWSMITH_INVOCATION'];
  if (!id) return []; // nothing was to be computed
  const { pipelines } = await readPlan(openWorkspace(root), id);
  const steps = Object.entries(pipelines).map(
    ([name, planned]) => [name, 'steps' in planned ? planned.steps : {}] as const,
  );
  return alone(outcomes, Object.fromEntries(steps));
}

/** Of what ran, the steps that no other task needed. @param pipelines the steps of each */
export function alone(outcomes: readonly TaskOutcome[], pipelines: Readonly<Record<string, Steps>>): StepAlone[] {
  const targets = outcomes.map(({ task }) => task.target);
  const whole = new Set(targets.flatMap(({ project, target }) => (project === 'pipeline' ? [target] : [])));
  const ran = targets.flatMap(({ project: step, target: pipeline }) => {
    const own = Object.hasOwn(pipelines, pipeline) ? pipelines[pipeline]! : {};
    return Object.hasOwn(own, step) && !whole.has(pipeline) ? [{ pipeline, step, inputs: inputsOf(own[step]!) }] : [];
  });
  const isNeeded = ({ pipeline, step }: StepAlone): boolean =>
    ran.some((other) => other.pipeline === pipeline && other.inputs.includes(step));
  return ran.filter((each) => !isNeeded(each)).map(({ pipeline, step }) => ({ pipeline, step }));
}
