/** @file The runs that a command works on. */
import { printError } from '@arrowsmith/errors';
import { readLedger, type Run, type Workspace } from '@arrowsmith/pipeline/runs';
import { formatDamage } from '../printing/list.ts';

/** All runs of the ledger that can be read, oldest first; says which of its files are damaged. */
export async function readRuns(workspace: Workspace): Promise<Run[]> {
  const { runs, damaged } = await readLedger(workspace);
  if (damaged.length > 0) printError(formatDamage(damaged));
  return runs;
}
