/** @file What happens before the tasks of an `nx run`. */
import { parseRunName } from '../ledger/run.ts';
import { formatRevision, readRevision } from '../ledger/revision.ts';
import type { StageDeclaration } from '../stage.ts';
import { refuseParameters } from './refuse-parameters.ts';

/**
 * Refuses parameters given to a whole pipeline, which Nx would hand to its last task only, and names for the run that cannot be one. Marks
 * everything that this `nx run` starts, so that the ledger can tell what ran from what was cached, since when and from which sources.
 *
 * @param args of the nx command line
 * @param id of this `nx run`
 * @returns environment variables for its tasks
 */
export async function beforeTasks(
  root: string,
  args: readonly string[],
  declarations: ReadonlyMap<string, StageDeclaration>,
  id: string,
): Promise<Record<string, string>> {
  const startedAt = Date.now();
  const name = process.env['RUN_NAME'];
  if (name) parseRunName(name, 'RUN_NAME');
  refuseParameters(root, args, declarations);
  const revision = await readRevision(root);
  return {
    ARROWSMITH_INVOCATION: id,
    ARROWSMITH_STARTED: String(startedAt),
    ARROWSMITH_REVISION: formatRevision(revision),
  };
}
