/** @file The models of a run, for a server. */
import { type EngineOptions, Engine } from '@arrowsmith/generation';
import { findRunModel, loadRunModel, type RunModel } from '@arrowsmith/inference';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import type { ChatTemplate } from './chat-template.ts';
import { type ModelEntry, Models } from './models.ts';
import { type ServedModel, servedModel } from './served-model.ts';

/** How the models of a run are served. */
export interface RunModelsOptions {
  engine: EngineOptions;
  chatTemplate?: ChatTemplate | undefined;
}

/**
 * All models of a run by the steps that made them. The one that was found comes first, and is in memory; each of the others has an engine of its own
 * from the first request for it.
 *
 * @param runs of the ledger
 * @throws UserError as {@link loadRunModel} does
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
    load: async () => loaded(await find(), options),
  });
  const others = Object.entries(run.steps)
    .filter(([step, { makes }]) => makes.includes('model') && step !== first.step)
    .map(([step]) => entry(step, () => findRunModel(workspace, runs, { reference: run.id, model: step })));
  const models = new Models([entry(first.step, async () => first), ...others]);
  await models.get();
  return models;
}

async function loaded(found: RunModel, { engine, chatTemplate }: RunModelsOptions): Promise<ServedModel> {
  const { step, encoder, endOfText } = found;
  const model = await loadRunModel(found);
  return servedModel({
    id: step,
    engine: new Engine(model, engine),
    config: model.config,
    encoder,
    endOfText,
    chatTemplate,
  });
}
