/** @file A model of a run and its tokenizer, from the files that the ledger names and the store has. */
import type { BpeEncoder, BpeModel } from '@arrowsmith/bpe';
import { readTokenizer } from '@arrowsmith/generation';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import { findModelFiles } from '@arrowsmith/runs/references';

/** A model of a run, found but not loaded. */
export interface RunModel {
  run: Run;
  /** The step that made the model. */
  step: string;
  /** The file of its weights. */
  weights: string;
  tokenizer: BpeModel;
  encoder: BpeEncoder;
  /** The token that ends documents. */
  endOfText: number;
  /** The token that a text stands behind. */
  beginOfText: number;
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
  const { run, step, weights, ...read } = await findModelFiles(workspace, runs, wanted);
  return { run, step, weights, ...(await readTokenizer(read)) };
}
