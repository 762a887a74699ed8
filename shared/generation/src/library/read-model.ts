/** @file The files of a model and of its tokenizer, read. */
import { type BpeEncoder, type BpeModel, createEncoder } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import type { ActivationPrecision } from '@arrowsmith/ops';
import { checkTokens } from '@arrowsmith/import/check-tokens';
import type { ModelSource } from '@arrowsmith/import/recognize';
import { readForeignTokenizer } from '@arrowsmith/import/tokenizer';
import { withActivations } from '@arrowsmith/quantization/activations';
import { loadModel as loadWeights, runnable } from '@arrowsmith/quantization/model';
import { disposeModels, type EngineModel } from '../engine/index.ts';
import type { ModelFiles } from './model-files.ts';

/** @throws UserError for a damaged file, and for a tokenizer that has no token which ends a text */
export async function readTokenizer(
  files: Pick<ModelFiles, 'tokenizer' | 'endOfText' | 'beginOfText' | 'endTokens' | 'chatTemplate'>,
): Promise<ReadTokenizer> {
  const { endOfText: asked, beginOfText } = files;
  const read = await readForeignTokenizer(files.tokenizer, { endOfText: asked || undefined, beginOfText });
  const { tokenizer } = read;
  const { specialTokens, addedTokens = [] } = tokenizer;
  const named = (content: string) => [...specialTokens, ...addedTokens].find((each) => each.content === content)?.id;
  const [end, begin] = [read.endOfText, read.beginOfText].map(named);
  if (end === undefined || begin === undefined) throw withoutEnd(files.tokenizer);
  const others = read.endTokens.length > 0 ? read.endTokens : (files.endTokens ?? []);
  return {
    tokenizer,
    encoder: createEncoder(tokenizer),
    endOfText: end,
    beginOfText: begin,
    endTokens: others.map(named).filter((id) => id !== undefined),
    chatTemplate: files.chatTemplate ?? read.chatTemplate,
  };
}

/** A tokenizer, and what its files say of texts. */
export interface ReadTokenizer {
  tokenizer: BpeModel;
  encoder: BpeEncoder;
  /** The token that ends documents. */
  endOfText: number;
  /** The token that a text stands behind. */
  beginOfText: number;
  /** Others that end a text. */
  endTokens: number[];
  chatTemplate: ModelFiles['chatTemplate'];
}

/**
 * Reads weights onto the active backend; whoever is done with them disposes of them.
 *
 * @param tokenizer of the model, by which those of llama2.c are put in order
 * @param activations what its matrices are multiplied with; by default f32
 * @throws UserError for a damaged file, for a model that reads pictures or has no embedding for a token, and for activations of int8 where there is nothing to multiply them with
 */
export async function readWeights(
  { name, weights }: Pick<ModelFiles, 'name' | 'weights'>,
  tokenizer: BpeModel,
  activations: ActivationPrecision = 'f32',
): Promise<EngineModel> {
  const model = weights.format === 'arrow' ? await loadWeights(weights.file) : await readForeign(weights, tokenizer);
  if (model.config.vision === null) {
    try {
      checkTokens(model, tokenizer, name);
      return { ...model, parameters: withActivations(model.parameters, activations, name) };
    } catch (error) {
      disposeModels([model]);
      throw error;
    }
  }
  throw new UserError({
    what: 'the model reads pictures, and continues text only behind one',
    where: name,
    expected: 'a model of text alone',
    found: 'a model with patch embeddings',
    fix: 'choose another; the captions that it wrote are in the report of its run',
  });
}

async function readForeign(source: ModelSource, tokenizer: BpeModel): Promise<EngineModel> {
  const { openForeignModel } = await import('@arrowsmith/import');
  const { config, names, read } = await openForeignModel(source, tokenizer);
  return { config, parameters: runnable(config, Object.fromEntries(names.map((name) => [name, read(name)]))) };
}

const withoutEnd = (tokenizer: string): UserError =>
  new UserError({
    what: 'the tokenizer has no token that ends a text',
    where: tokenizer,
    expected: 'a special token',
    found: 'none',
    fix: 'use the tokenizer that the model was trained with',
  });
