/** @file Which files are meant: their content is part of the result's identity. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readTokenizerFile } from '@arrowsmith/bpe/tokenizer-file';
import { UserError } from '@arrowsmith/errors';
import { WEIGHTS_FILE } from '@arrowsmith/quantization/model-files';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedImport } from './declaration.ts';

/** Files as they were when the stage was started. */
export interface Imported {
  /** Of the folder, or of the file. */
  path: string;
  sha256: string;
}

export type ResolvedImport = Pick<AskedImport, 'endOfText'> & { model: Imported; tokenizer: Imported };

/** @throws UserError where files are missing or cannot be read */
export async function resolveImport(
  { path, tokenizer = join(path, 'tokenizer.json'), endOfText }: AskedImport,
  { root }: Pick<ResolveOptions<ResolvedImport>, 'root'>,
): Promise<Resolution<ResolvedImport>> {
  return {
    parameters: {
      model: { path, sha256: await digestModel(root, path) },
      tokenizer: { path: tokenizer, sha256: (await readImportedTokenizer(root, tokenizer)).sha256 },
      ...(endOfText === undefined ? {} : { endOfText }),
    },
  };
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
  const isOurs = files.includes(WEIGHTS_FILE);
  const isTheirs = (file: string) => file === 'config.json' || /\.safetensors(\.index\.json)?$/.test(file);
  const own = isOurs ? [WEIGHTS_FILE] : files.filter(isTheirs).sort();
  if (!isOurs && (!own.includes('config.json') || !own.some((file) => file.endsWith('.safetensors')))) {
    throw notAModel(path, files.length === 0 ? 'an empty folder' : files.slice(0, 8).join(', '));
  }
  const hash = createHash('sha256');
  for (const file of own) hash.update(`${file} ${await digestFile(join(path, file))}\n`);
  return hash.digest('hex');
}

/** @throws UserError where the file cannot be read */
export const readImportedTokenizer = (root: string, file: string): Promise<{ text: string; sha256: string }> =>
  readTokenizerFile(resolve(root, file), {
    name: 'the tokenizer of the model',
    fix: 'put it there, or name another by `tokenizer` of the import in the pipeline file',
  });

async function digestFile(path: string): Promise<string> {
  const content = createHash('sha256');
  await pipeline(createReadStream(path), content);
  return content.digest('hex');
}

function notAModel(path: string, found: string, cause?: unknown): UserError {
  return new UserError(
    {
      what: 'the model cannot be read',
      where: path,
      expected: `a folder with config.json and model.safetensors (or its shards), or with ${WEIGHTS_FILE}`,
      found,
      fix: 'correct `path` of the import in the pipeline file (paths start at the root of the workspace)',
    },
    { cause },
  );
}
