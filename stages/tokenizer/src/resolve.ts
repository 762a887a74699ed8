/** @file Which pretrained tokenizer is meant: the content of the file is part of the result's identity. */
import { resolve } from 'node:path';
import { readTokenizerFile } from '@arrowsmith/bpe/tokenizer-file';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedTokenizer } from './declaration.ts';

/** A file as it was when the stage was started. */
export interface TokenizerFile {
  path: string;
  sha256: string;
}

export type ResolvedTokenizer = Omit<AskedTokenizer, 'file'> & { file?: TokenizerFile };

/** @throws UserError where the file cannot be read */
export async function resolveTokenizer(
  { file, ...asked }: AskedTokenizer,
  { root }: Pick<ResolveOptions<ResolvedTokenizer>, 'root'>,
): Promise<Resolution<ResolvedTokenizer>> {
  if (file === undefined) return { parameters: asked };
  const { sha256 } = await readPretrainedFile(root, file);
  return { parameters: { ...asked, file: { path: file, sha256 } } };
}

/**
 * @param file relative to the root
 * @throws UserError where the file cannot be read
 */
export const readPretrainedFile = (root: string, file: string): Promise<{ text: string; sha256: string }> =>
  readTokenizerFile(resolve(root, file), {
    name: 'the pretrained tokenizer',
    fix: 'correct tokenizer.file in the pipeline file (paths start at the root of the workspace), or leave it out to train a tokenizer',
  });
