/** @file What training begins with: an architecture to initialise, or a pretrained model. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readTensors } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import { readHuggingFaceModel } from '@arrowsmith/formats';
import { checkWeights, decoderConfig, parseDecoderConfig, type DecoderConfig, type Weights } from '@arrowsmith/model';
import type { TokenTable } from '@arrowsmith/training';
import { CHECKPOINT, digestModel, type ResolvedTraining } from './resolve.ts';

/**
 * The model's configuration, and its weights where it was trained before.
 *
 * @throws UserError when a window is larger than the context, when a pretrained model has changed, cannot be imported, or has no embedding for
 *   some token of the rows
 */
export async function startOf(
  root: string,
  { model, from, confineAttention }: Pick<ResolvedTraining, 'model' | 'from' | 'confineAttention'>,
  rows: TokenTable,
): Promise<{ config: DecoderConfig; weights: Weights | undefined }> {
  if (from === undefined) {
    return {
      config: { ...decoderConfig(model, rows), confineAttention: confineAttention ?? false },
      weights: undefined,
    };
  }
  const { config: own, weights } = await readModel(resolve(root, from.path));
  const config = { ...own, confineAttention: confineAttention ?? own.confineAttention };
  const sha256 = await digestModel(root, from.path);
  if (sha256 !== from.sha256) {
    throw new UserError({
      what: 'the pretrained model changed while the stage ran',
      where: from.path,
      expected: `sha256 ${from.sha256}`,
      found: `sha256 ${sha256}`,
      fix: 'run the stage again',
    });
  }
  if (rows.vocabularySize > config.vocabularySize) {
    throw new UserError({
      what: 'the pretrained model does not have an embedding for every token',
      where: from.path,
      expected: `a tokenizer of at most ${config.vocabularySize} tokens`,
      found: `${rows.vocabularySize} tokens`,
      fix: 'set tokenizer.file to the tokenizer.json that belongs to the model',
    });
  }
  return { config, weights };
}

/** A checkpoint of this project's, or a Hugging Face model. */
async function readModel(folder: string): Promise<{ config: DecoderConfig; weights: Weights }> {
  const checkpoint = join(folder, CHECKPOINT);
  if (!existsSync(checkpoint)) return readHuggingFaceModel(folder);
  const { tensors: weights, metadata } = await readTensors(checkpoint);
  const config = parseDecoderConfig(metadata['config'], checkpoint);
  checkWeights(config, weights, checkpoint);
  return { config, weights };
}
