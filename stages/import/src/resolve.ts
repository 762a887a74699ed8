/** @file Which files are meant: their content is part of the result's identity. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { refusePipe } from '@arrowsmith/errors';
import { readTokenizerFile } from '@arrowsmith/bpe/tokenizer-file';
import { conversationFiles } from '@arrowsmith/import/conversations';
import {
  BESIDE_TOKENIZER,
  isGguf,
  LLAMA2C_TOKENIZER,
  type ModelSource,
  recognizeModel,
  tokenizerFileOf,
} from '@arrowsmith/import/recognize';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedImport } from './declaration.ts';

/** Files as they were when the stage was started. */
export interface Imported {
  /** Of the folder, or of the file. */
  path: string;
  sha256: string;
}

export type ResolvedImport = Pick<AskedImport, 'endOfText'> & { model: Imported; tokenizer: Imported };

/** What to do where a model cannot be read, as the pipeline file says it. */
const FIX = 'correct `path` of the import in the pipeline file (paths start at the root of the workspace)';

/** What to do where a tokenizer cannot be read. */
export const TOKENIZER_FIX = 'put it there, or name another by `tokenizer` of the import in the pipeline file';

/** @throws UserError where files are missing or cannot be read */
export async function resolveImport(
  { path, tokenizer, endOfText }: AskedImport,
  { root }: Pick<ResolveOptions<ResolvedImport>, 'root'>,
): Promise<Resolution<ResolvedImport>> {
  const source = await findModel(root, path);
  const file = tokenizer ?? relative(resolve(root), tokenizerFileOf(source));
  const model = { path, sha256: await digestModel(source) };
  return {
    parameters: {
      model,
      tokenizer: { path: file, sha256: await digestTokenizer(resolve(root, file)) },
      ...(endOfText === undefined ? {} : { endOfText }),
    },
  };
}

/** The model in a folder or a file, relative to the root. @throws UserError where there is none */
export const findModel = (root: string, path: string): Promise<ModelSource> =>
  recognizeModel(resolve(root, path), { what: 'the model cannot be read', fix: FIX });

/** SHA-256 over the names and the contents of a model's files. */
export async function digestModel(source: ModelSource): Promise<string> {
  const files = await filesOf(source);
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${basename(file)} ${await digestFile(file)}\n`);
  return hash.digest('hex');
}

async function filesOf(source: ModelSource): Promise<string[]> {
  switch (source.format) {
    case 'arrow':
      return [source.file, ...conversationFiles(dirname(source.file))];
    case 'gguf':
      return [source.file];
    case 'llama2c': {
      const tokens = join(dirname(source.file), LLAMA2C_TOKENIZER); // the order of ids
      return existsSync(tokens) ? [source.file, tokens] : [source.file];
    }
    case 'huggingface': {
      const isTheirs = (file: string) => file === 'config.json' || /\.safetensors(\.index\.json)?$/.test(file);
      return (await readdir(source.folder))
        .filter(isTheirs)
        .sort()
        .map((file) => join(source.folder, file))
        .concat(conversationFiles(source.folder));
    }
  }
}

/** Of tokenizer.json, and of the files beside it that say what begins and ends a text. @throws UserError where the file cannot be read */
async function digestTokenizer(file: string): Promise<string> {
  if (isGguf(file)) return digestFile(file);
  const { sha256 } = await readTokenizerFile(file, { name: 'the tokenizer of the model', fix: TOKENIZER_FIX });
  const beside = BESIDE_TOKENIZER.map((name) => join(dirname(file), name)).filter((path) => existsSync(path));
  if (beside.length === 0) return sha256;
  const hash = createHash('sha256').update(sha256);
  for (const path of beside) hash.update(`${basename(path)} ${await digestFile(path)}\n`);
  return hash.digest('hex');
}

async function digestFile(path: string): Promise<string> {
  refusePipe(path);
  const content = createHash('sha256');
  await pipeline(createReadStream(path), content);
  return content.digest('hex');
}
