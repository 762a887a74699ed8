/** @file What training is asked, in full: the learning rate, and which pretrained model is meant, whose content is part of the result's identity. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '@arrowsmith/errors';
import { learningRateFor } from '@arrowsmith/model/model-parameters';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedTraining } from './declaration.ts';

/** The file in the artifacts of `train` and `extract`. */
export const CHECKPOINT = 'weights.arrow';

/** A model folder as it was when the stage was started. */
export interface PretrainedModel {
  path: string;
  /** Of its configuration and its weights. */
  sha256: string;
}

export type ResolvedTraining = Omit<AskedTraining, 'from'> & { from?: PretrainedModel };

/** @throws UserError where the folder cannot be read, or has no weights */
export async function resolveTraining(
  { from, ...asked }: AskedTraining,
  { root }: Pick<ResolveOptions<ResolvedTraining>, 'root'>,
): Promise<Resolution<ResolvedTraining>> {
  if (from === undefined) return { parameters: withLearningRate(asked) };
  return { parameters: { ...asked, from: { path: from, sha256: await digestModel(root, from) } } };
}

/** Parameters that say the learning rate, so that runs are compared by it. A pretrained model's is known when it has been read. */
function withLearningRate<P extends Pick<AskedTraining, 'model' | 'optimizer'>>(asked: P): P {
  const { learningRate = learningRateFor(asked.model) } = asked.optimizer;
  return { ...asked, optimizer: { ...asked.optimizer, learningRate } };
}

/**
 * SHA-256 over the names and the contents of a model's files.
 *
 * @param folder relative to the root
 * @throws UserError where the folder cannot be read, or has no weights
 */
export async function digestModel(root: string, folder: string): Promise<string> {
  const path = resolve(root, folder);
  const files = await readdir(path).catch((cause: NodeJS.ErrnoException) => {
    throw notAModel(path, cause.code === 'ENOENT' ? 'no such folder' : cause.message, cause);
  });
  const isOurs = files.includes(CHECKPOINT);
  const isTheirs = (file: string) => file === 'config.json' || /\.safetensors(\.index\.json)?$/.test(file);
  const own = isOurs ? [CHECKPOINT] : files.filter(isTheirs).sort();
  if (!isOurs && (!own.includes('config.json') || !own.some((file) => file.endsWith('.safetensors')))) {
    throw notAModel(path, files.length === 0 ? 'an empty folder' : files.slice(0, 8).join(', '));
  }
  const hash = createHash('sha256');
  for (const file of own) {
    const content = createHash('sha256');
    await pipeline(createReadStream(join(path, file)), content);
    hash.update(`${file} ${content.digest('hex')}\n`);
  }
  return hash.digest('hex');
}

function notAModel(path: string, found: string, cause?: unknown): UserError {
  return new UserError(
    {
      what: 'the pretrained model cannot be read',
      where: path,
      expected: 'a folder with config.json and model.safetensors (or its shards), or with weights.arrow',
      found,
      fix: 'correct train.from in the pipeline file (paths start at the root of the workspace), or leave it out to train from scratch',
    },
    { cause },
  );
}
