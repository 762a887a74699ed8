/** @file The files of a model and of its tokenizer, read. */
import { chooseEndOfText, createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import { readTokenizerFile } from '@arrowsmith/bpe/tokenizer-file';
import { UserError } from '@arrowsmith/errors';
import { loadModel as loadWeights, runnable, storeWeights } from '@arrowsmith/quantization/model';
import type { EngineModel } from '../engine/index.ts';
import type { ModelFiles } from './model-files.ts';

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

/**
 * Reads weights onto the active backend; whoever is done with them disposes of them.
 *
 * @throws UserError for a damaged file, and for a model that reads pictures
 */
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
