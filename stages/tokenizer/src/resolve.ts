/** @file Which pretrained tokenizer is meant: the content of the file is part of the result's identity. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedTokenizer } from './declaration.ts';

/** Of a tokenizer.json that is read. */
const MOST_BYTES = 256 * 2 ** 20;

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
  const wrong = (found: string, cause?: unknown) =>
    new UserError(
      {
        what: 'the pretrained tokenizer cannot be read',
        where: path,
        expected: 'a tokenizer.json file',
        found,
        fix: 'correct tokenizer.file in the pipeline file (paths start at the root of the workspace), or leave it out to train a tokenizer',
      },
      { cause },
    );
  let content: Buffer;
  try {
    // Only of a file is the size what can be read: a pipe or a device may never end.
    const { size, isFile } = await stat(path).then((stats) => ({ size: stats.size, isFile: stats.isFile() }));
    if (!isFile) throw wrong('no file, but a folder or a device');
    if (size > MOST_BYTES) throw wrong(`${size} bytes; the largest published files have some tens of millions`);
    content = await readFile(path);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw wrong(code === 'ENOENT' ? 'no such file' : message, cause);
  }
  if (!isUtf8(content)) throw wrong('bytes that are not UTF-8');
  return { text: content.toString('utf8'), sha256: createHash('sha256').update(content).digest('hex') };
}
