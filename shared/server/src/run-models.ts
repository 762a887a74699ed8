/** @file The models of a run, or the one in a folder or a file, for a server. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  type AskedDraft,
  boundedMemory,
  disposeModels,
  Engine,
  type EngineOptions,
  findDraft,
  type ModelFiles,
  type OpenOptions,
  readTokenizer,
  type ReadTokenizer,
  readWeights,
  thinkingTagsOf,
} from '@arrowsmith/generation';
import { findRunModel, type RunModel } from '@arrowsmith/inference';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import { type ChatTemplate, jinjaTemplate } from './chat-template.ts';
import { type ModelEntry, Models } from './models.ts';
import { type ServedModel, servedModel } from './served-model.ts';

/** How the models of a run are served. */
export interface RunModelsOptions {
  engine: EngineOptions;
  /** What the first model's matrices are multiplied with; those of others are with f32. */
  activations?: OpenOptions['activations'];
  /** Who drafts: the text so far for all models, a model for the first one alone. */
  draft?: AskedDraft | undefined;
  chatTemplate?: ChatTemplate | undefined;
}

/**
 * All models of a run by the steps that made them. The one that was found comes first, and is in memory; each of the others has an engine of its own
 * from the first request for it.
 *
 * @param runs of the ledger
 * @throws UserError as `readWeights` does, and as `findDraft`
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
    load: async () => {
      const found = await find();
      return loaded(workspace, step, filesOf(found), found, step === first.step ? options : forOthers(options));
    },
  });
  const others = Object.entries(run.steps)
    .filter(([step, { makes }]) => makes.includes('model') && step !== first.step)
    .map(([step]) => entry(step, () => findRunModel(workspace, runs, { reference: run.id, model: step })));
  const models = new Models([entry(first.step, async () => first), ...others]);
  await models.get();
  return models;
}

/**
 * The model of a folder or a file, by that one's name. Its chat template, where it brings one, is used unless another is given.
 *
 * @throws UserError as `readTokenizer` and `readWeights` do, and as `findDraft`
 */
export async function folderModel(workspace: Workspace, files: ModelFiles, options: RunModelsOptions): Promise<Models> {
  const read = await readTokenizer(files);
  const id = basename(files.name).replace(/\.(gguf|bin)$/i, '') || 'model';
  const created = Math.floor((await stat(files.tokenizer)).mtimeMs / 1000);
  const load = () => loaded(workspace, id, files, read, options);
  const models = new Models([{ id, created, load }]);
  await models.get();
  return models;
}

/** What holds for models beside the first one. */
function forOthers(all: RunModelsOptions): RunModelsOptions {
  const { draft, ...options } = { ...all, activations: undefined };
  return draft?.source.kind === 'prompt' ? { draft, ...options } : options;
}

const filesOf = ({ run, step, weights }: RunModel): Pick<ModelFiles, 'name' | 'weights'> => ({
  name: `run ${run.id}, ${step}`,
  weights: { format: 'arrow', file: weights },
});

async function loaded(
  { root }: Workspace,
  id: string,
  { name, weights }: Pick<ModelFiles, 'name' | 'weights'>,
  { tokenizer, encoder, beginOfText, chatTemplate: own }: ReadTokenizer,
  { engine, activations, draft, chatTemplate = own && jinjaTemplate(own) }: RunModelsOptions,
): Promise<ServedModel> {
  const drafter = draft && (await findDraft(draft, { name, weights, tokenizer }, root));
  const model = await readWeights({ name, weights }, tokenizer, activations);
  const models = [model];
  try {
    const drafts = await drafter?.open(model);
    if (typeof drafts?.by === 'object') models.push(drafts.by);
    const { config } = model;
    return servedModel({
      id,
      engine: new Engine(model, { ...engine, ...boundedMemory(config, engine), drafts }),
      config,
      encoder,
      beginOfText,
      chatTemplate,
      thinkingTags: thinkingTagsOf(tokenizer),
    });
  } catch (error) {
    disposeModels(models); // another request tries again
    throw error;
  }
}
