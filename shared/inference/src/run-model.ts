/** @file A model of a run and its tokenizer, from the files that the ledger names and the store has. */
import { readChatTemplate, readTokenizer, type ReadTokenizer } from '@arrowsmith/generation';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import { findModelFiles } from '@arrowsmith/runs/references';

/** A model of a run, found but not loaded. */
export interface RunModel extends ReadTokenizer {
  run: Run;
  /** The step that made the model. */
  step: string;
  /** The file of its weights. */
  weights: string;
}

/**
 * Finds a model of a run, and its tokenizer.
 *
 * @param wanted as `findModelFiles` takes it
 * @throws UserError for a reference that names no run, a run without such a model, and one whose files are gone or damaged
 */
export async function findRunModel(
  workspace: Workspace,
  runs: readonly Run[],
  wanted: Parameters<typeof findModelFiles>[2],
): Promise<RunModel> {
  const { run, step, weights, conversations, ...read } = await findModelFiles(workspace, runs, wanted);
  const chatTemplate = conversations === undefined ? undefined : await readChatTemplate(conversations);
  return { run, step, weights, ...(await readTokenizer({ ...read, chatTemplate })) };
}
