/** @file A model and its tokenizer, from a run or a folder, ready to write. */
import { chooseEndOfText, createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import { readTokenizerFile } from '@arrowsmith/bpe/tokenizer-file';
import { engineNotices, resolveEngine, useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import { loadModel as loadWeights, runnable, storeWeights } from '@arrowsmith/quantization/model';
import type { EngineModel, EngineOptions } from '../engine/index.ts';
import { TextModel } from '../text/index.ts';
import { findInFolder, type ModelFiles } from './model-files.ts';

/** Which model, and what it runs on. */
export interface LoadOptions {
  /**
   * A folder in place of a run: an artifact (`artifacts/tinystories/train`), any folder with weights.arrow and tokenizer.json, or a Hugging Face model.
   */
  folder?: string | undefined;
  /** Another tokenizer.json than that of the folder. */
  tokenizer?: string | undefined;
  /** A run, as commands name it: `latest~1`, an id, a name. Default: the last that made a model. */
  run?: string | undefined;
  /** Only runs of this pipeline. */
  pipeline?: string | undefined;
  /** Which model of the run, by its step or the format of its weights. Default: the largest that is not quantized. */
  model?: string | undefined;
  /** Any folder of the workspace that runs are kept in. Default: the current one, or else the workspace that this package belongs to. */
  workspace?: string | undefined;
  /** Backend and threads of the process, for all models: `native`, `wasm`, `cpu`. Default: the fastest that there is. */
  backend?: string | undefined;
  threads?: number | undefined;
  /** How texts share memory and passes. */
  engine?: EngineOptions;
  /** Is told what a person should know, such as that a faster backend is not there. Default: nobody is. */
  onNotice?: ((line: string) => void) | undefined;
}

/**
 * Loads a model and its tokenizer, and starts a backend. Whoever is done with it disposes of it, or says `await using`.
 *
 *     await using model = await loadModel({ folder: 'artifacts/tinystories/train' });
 *     console.log(await model.generate('Once upon a time', { temperature: 0.7 }).text());
 *
 * @throws UserError where there is no such run or model, and where files are damaged
 */
export async function loadModel(options: LoadOptions = {}): Promise<TextModel> {
  const { folder, backend, threads, onNotice = () => undefined } = options;
  const files =
    folder === undefined
      ? await (await import('./run-files.ts')).findInRuns(options)
      : await findInFolder(folder, options.tokenizer);
  engineNotices({ backend }).forEach(onNotice);
  await useBackend(resolveEngine({ backend }).backend, { onNotice, ...(threads === undefined ? {} : { threads }) });
  return openModel(files, options.engine);
}

/**
 * Reads the files of a model onto the active backend.
 *
 * @throws UserError for damaged files, and for a model that reads pictures
 */
export async function openModel(files: ModelFiles, engine: EngineOptions = {}): Promise<TextModel> {
  const read = await readTokenizer(files);
  const model = await readWeights(files);
  return new TextModel({ name: files.name, model, ...read, chatTemplate: files.chatTemplate }, engine);
}

/** @throws UserError for a damaged file, and for a tokenizer that has no token which ends a text */
export async function readTokenizer(files: Pick<ModelFiles, 'tokenizer' | 'endOfText' | 'endTokens'>) {
  const { text } = await readTokenizerFile(files.tokenizer, {
    name: 'the tokenizer of the model',
    fix: 'put it there, or name another by `tokenizer`',
  });
  const tokenizer = fromTokenizerJson(text, files.tokenizer);
  const named = (content: string) => tokenizer.specialTokens.find((each) => each.content === content)?.id;
  const endOfText = named(files.endOfText ?? chooseEndOfText(tokenizer, undefined, files.tokenizer));
  if (endOfText === undefined) throw withoutEnd(files);
  const endTokens = (files.endTokens ?? []).map(named).filter((id) => id !== undefined);
  return { tokenizer, encoder: createEncoder(tokenizer), endOfText, endTokens };
}

/** @throws UserError for a damaged file, and for a model that reads pictures */
export async function readWeights({ name, weights }: Pick<ModelFiles, 'name' | 'weights'>): Promise<EngineModel> {
  const model = 'file' in weights ? await loadWeights(weights.file) : await readHuggingFace(weights.huggingFace);
  if (model.config.vision === null) return model;
  throw new UserError({
    what: 'the model reads pictures, and continues text only behind one',
    where: name,
    expected: 'a model of text alone',
    found: 'a model with patch embeddings',
    fix: 'choose another; the captions that it wrote are in the report of its run',
  });
}

async function readHuggingFace(folder: string): Promise<EngineModel> {
  const { readHuggingFaceModel } = await import('@arrowsmith/formats');
  const { config, weights } = await readHuggingFaceModel(folder);
  return { config, parameters: runnable(config, storeWeights(weights)) };
}

const withoutEnd = ({ tokenizer, endOfText }: Pick<ModelFiles, 'tokenizer' | 'endOfText'>): UserError =>
  new UserError({
    what: 'the tokenizer has no token that ends a text',
    where: tokenizer,
    expected: endOfText === undefined ? 'a special token' : `the special token ${endOfText}`,
    found: 'none of that name',
    fix: 'use the tokenizer that the model was trained with',
  });
