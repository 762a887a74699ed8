/** @file A model and its tokenizer, from a run or a folder, ready to write. */
import { engineNotices, resolveEngine, useBackend } from '@arrowsmith/engine';
import type { ActivationPrecision } from '@arrowsmith/ops';
import { disposeModels, type EngineOptions } from '../engine/index.ts';
import { TextModel } from '../text/index.ts';
import { type AskedDraft, findDraft, readDraft } from './draft.ts';
import { checkLoadOptions, type LoadOptions } from './load-options.ts';
import { findInFolder, type ModelFiles } from './model-files.ts';
import { readTokenizer, readWeights } from './read-model.ts';

/**
 * Loads a model and its tokenizer, and starts a backend. Whoever is done with it disposes of it, or says `await using`.
 *
 *     await using model = await loadModel({ folder: 'artifacts/tinystories/train' });
 *     console.log(await model.generate('Once upon a time', { temperature: 0.7 }).text());
 *
 * @throws UserError for options that cannot be, where there is no such run or model, and where files are damaged
 */
export async function loadModel(options: LoadOptions = {}): Promise<TextModel> {
  checkLoadOptions(options);
  const { folder, backend, threads, activations, engine, workspace, attentionWorkers } = options;
  const { onNotice = () => undefined } = options;
  const draft = readDraft(options);
  const files =
    folder === undefined
      ? await (await import('./run-files.ts')).findInRuns(options)
      : await findInFolder(folder, options.tokenizer);
  engineNotices({ backend }).forEach(onNotice);
  await useBackend(resolveEngine({ backend }).backend, { onNotice, ...(threads === undefined ? {} : { threads }) });
  if (attentionWorkers === undefined) return openModel(files, { activations, engine, draft, workspace });
  const { AttentionWorkers } = await import('../tiers/index.ts');
  const attention = new AttentionWorkers({ count: attentionWorkers, onNotice });
  return openModel(files, { activations, engine: { ...engine, attention }, draft, workspace });
}

/** How the files of a model are opened. */
export interface OpenOptions {
  /** As {@link LoadOptions}. */
  activations?: ActivationPrecision | undefined;
  engine?: EngineOptions | undefined;
  draft?: AskedDraft | undefined;
  /** Where the run of a draft model is looked for; as {@link LoadOptions}. */
  workspace?: string | undefined;
}

/**
 * Reads the files of a model onto the active backend, and of the one that drafts for it.
 *
 * @throws UserError for damaged files, for a model that reads pictures, and for a draft model with other tokens
 */
export async function openModel(
  files: ModelFiles,
  { activations, engine, draft, workspace }: OpenOptions = {},
): Promise<TextModel> {
  const read = await readTokenizer(files);
  const found = draft && (await findDraft(draft, { ...files, tokenizer: read.tokenizer }, workspace));
  const model = await readWeights(files, read.tokenizer, activations);
  const loaded = [model];
  try {
    const drafts = await found?.open(model);
    if (typeof drafts?.by === 'object') loaded.push(drafts.by);
    return new TextModel({ name: files.name, model, drafts, ...read }, engine);
  } catch (error) {
    disposeModels(loaded);
    throw error;
  }
}
