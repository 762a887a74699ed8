/** @file The models of a run, for a server. */
import { type AskedDraft, disposeModels, Engine, type EngineOptions, findDraft } from '@arrowsmith/generation';
import { findRunModel, loadRunModel, type RunModel } from '@arrowsmith/inference';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import type { ChatTemplate } from './chat-template.ts';
import { type ModelEntry, Models } from './models.ts';
import { type ServedModel, servedModel } from './served-model.ts';

/** How the models of a run are served. */
export interface RunModelsOptions {
  engine: EngineOptions;
  /** Who drafts: the text so far for all models, a model for the first one alone. */
  draft?: AskedDraft | undefined;
  chatTemplate?: ChatTemplate | undefined;
}

/**
 * All models of a run by the steps that made them. The one that was found comes first, and is in memory; each of the others has an engine of its own
 * from the first request for it.
 *
 * @param runs of the ledger
 * @throws UserError as {@link loadRunModel} does, and as `findDraft`
 */
export async function runModels(
  workspace: Workspace,
  runs: readonly Run[],
  first: RunModel,
  options: RunModelsOptions,
): Promise<Models> {
  const { run } = first;
  const created = Math.floor(Date.parse(run.finishedAt) / 1000);
  const entry = (step: string, find: () => Promise<RunModel>): ModelEntry => ({
    id: step,
    created,
    load: async () => loaded(workspace, await find(), step === first.step ? options : forOthers(options)),
  });
  const others = Object.entries(run.steps)
    .filter(([step, { makes }]) => makes.includes('model') && step !== first.step)
    .map(([step]) => entry(step, () => findRunModel(workspace, runs, { reference: run.id, model: step })));
  const models = new Models([entry(first.step, async () => first), ...others]);
  await models.get();
  return models;
}

/** What holds for models beside the first one. */
function forOthers({ draft, ...options }: RunModelsOptions): RunModelsOptions {
  return draft?.source.kind === 'prompt' ? { draft, ...options } : options;
}

async function loaded(
  { root }: Workspace,
  found: RunModel,
  { engine, draft, chatTemplate }: RunModelsOptions,
): Promise<ServedModel> {
  const { run, step, weights, tokenizer, encoder, endOfText } = found;
  const name = `run ${run.id}, ${step}`;
  const drafter =
    draft && (await findDraft(draft, { name, weights: { format: 'arrow', file: weights }, tokenizer }, root));
  const model = await loadRunModel(found);
  const models = [model];
  try {
    const drafts = await drafter?.open(model);
    if (typeof drafts?.by === 'object') models.push(drafts.by);
    const { config } = model;
    return servedModel({
      id: step,
      engine: new Engine(model, { ...engine, drafts }),
      config,
      encoder,
      endOfText,
      chatTemplate,
    });
  } catch (error) {
    disposeModels(models); // another request tries again
    throw error;
  }
}
