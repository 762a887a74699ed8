/** @file A model of a run and its tokenizer, from the files that the ledger names and the store has. */
import type { BpeEncoder, BpeModel } from '@arrowsmith/bpe';
import { type EngineModel, readTokenizer, readWeights } from '@arrowsmith/generation';
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
  /** The token that ends documents, and begins one. */
  endOfText: number;
}

/**
 * Loads a model onto the active backend; whoever is done with it disposes of its parameters.
 *
 * @throws UserError for one whose file is damaged, and one that reads pictures
 */
export async function loadRunModel({
  run,
  step,
  weights,
  tokenizer,
}: Pick<RunModel, 'run' | 'step' | 'weights' | 'tokenizer'>): Promise<EngineModel> {
  return readWeights({ name: `${step} of run ${run.id}`, weights: { format: 'arrow', file: weights } }, tokenizer);
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
  const { run, step, weights, tokenizer, endOfText } = await findModelFiles(workspace, runs, wanted);
  return { run, step, weights, ...(await readTokenizer({ tokenizer, endOfText })) };
}
