/** @file Which pretrained tokenizer is meant: the content of the file is part of the result's identity. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '@arrowsmith/errors';
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
  const { sha256 } = await readTokenizerFile(root, file);
  return { parameters: { ...asked, file: { path: file, sha256 } } };
}

/**
 * @param file relative to the root
 * @throws UserError where the file cannot be read
 */
export async function readTokenizerFile(root: string, file: string): Promise<{ text: string; sha256: string }> {
  const path = resolve(root, file);
  const content = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UserError(
      {
        what: 'the pretrained tokenizer cannot be read',
        where: path,
        expected: 'a tokenizer.json file',
        found: cause.code === 'ENOENT' ? 'no such file' : cause.message,
        fix: 'correct tokenizer.file in the pipeline file (paths start at the root of the workspace), or leave it out to train a tokenizer',
      },
      { cause },
    );
  });
  return { text: content.toString('utf8'), sha256: createHash('sha256').update(content).digest('hex') };
}
