/** @file What happens before the tasks of an `nx run`: its parameters are read, once and for all of its processes. */
import { randomUUID } from 'node:crypto';
import { explainFilesystemError, storeGeneration } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { BuiltCode } from '../built-code.ts';
import { parseRunName } from '../ledger/run.ts';
import { formatRevision, readRevision } from '../ledger/revision.ts';
import { missingMeasurements, parameterDigests, planRun } from '../plan.ts';
import { beginRun } from '../run-state.ts';
import type { StageDeclaration } from '../stage.ts';
import { openWorkspace } from '../workspace.ts';
import { readCommandLine } from './command-line.ts';
import { ensureCode } from './ensure-code.ts';
import { takeMeasurements } from './take-measurements.ts';
import { needsPipelines, runsBuiltCode } from './unknown-target.ts';

/**
 * Checks what was asked for, and writes down the parameters of the run. Marks everything that this `nx run` starts, so that the ledger can
 * tell what ran from what was cached, since when and from which sources; and gives Nx's hash of each task the parameters to name.
 *
 * @param args of the nx command line
 * @param ensure builds the stages' code, where that has to be
 * @returns environment variables for its tasks
 * @throws UserError for a wrong parameter of what is to be run, and for a name of the run that cannot be one
 */
export async function beforeTasks(
  root: string,
  args: readonly string[],
  declarations: ReadonlyMap<string, StageDeclaration>,
  ensure: (root: string) => Promise<BuiltCode> = ensureCode,
): Promise<Record<string, string>> {
  const startedAt = Date.now();
  const { RUN_NAME, PIPELINE_SET } = process.env;
  if (RUN_NAME) parseRunName(RUN_NAME, 'RUN_NAME');
  const { target, isCommand, flags } = readCommandLine(root, args, declarations);
  const revision = await readRevision(root);
  const started = {
    ARROWSMITH_INVOCATION: '', // not that of a run which starts this one
    ARROWSMITH_STARTED: String(startedAt),
    ARROWSMITH_REVISION: formatRevision(revision),
    // Stages write into a pipe. So does Nx where another program reads it that says what shows it.
    ARROWSMITH_TERMINAL: String(
      (process.stdout.isTTY ? process.stdout.columns : process.env['ARROWSMITH_TERMINAL']) || '',
    ),
    ARROWSMITH_FLAGS: JSON.stringify(isCommand ? flags : []),
    ...withoutColors(),
  };
  const computes = !isCommand || needsPipelines(root, target!.pipeline);
  if (!computes && !runsBuiltCode(root, target!.pipeline)) return started; // gc, build …
  const { build, code } = await ensure(root);
  if (!computes) return { ...started, ARROWSMITH_BUILD: build }; // runs, compare …

  const only = target === undefined || isCommand ? undefined : [target.pipeline]; // its stages need no other pipeline's
  const plan = planRun({ root, declarations, pipelineSet: PIPELINE_SET, target, flags }, only);
  const planned =
    target !== undefined && Object.hasOwn(plan.pipelines, target.pipeline) && plan.pipelines[target.pipeline];
  if (planned && 'error' in planned) throw new UserError({ what: planned.error });
  if (planned && !isCommand) takeMeasurements(root, missingMeasurements(planned.steps, declarations));
  const id = randomUUID();
  const workspace = openWorkspace(root);
  try {
    await beginRun(workspace, id, plan);
    const generation = await storeGeneration(workspace.store);
    const digests = parameterDigests(plan, declarations, { id, generation, code });
    return { ...started, ARROWSMITH_BUILD: build, ARROWSMITH_INVOCATION: id, ...Object.fromEntries(digests) };
  } catch (error) {
    throw await explainFilesystemError(error, workspace.store);
  }
}

/** Nx sets FORCE_COLOR for its tasks where it is not set; Node lets that win over what forbids colours, and warns of it in every process. */
function withoutColors(): Record<string, string> {
  const { NO_COLOR, NODE_DISABLE_COLORS } = process.env;
  return (NO_COLOR ?? NODE_DISABLE_COLORS) === undefined ? {} : { FORCE_COLOR: '0' };
}
