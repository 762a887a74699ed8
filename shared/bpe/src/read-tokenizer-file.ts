/** @file The file of a pretrained tokenizer, read whole: its content is part of the identity of what is made of it. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { UserError } from '@arrowsmith/errors';

/** Of a tokenizer.json that is read. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * @param path absolute
 * @param told what the file is to who named it, and what to do where it cannot be read
 * @throws UserError where the file cannot be read, or cannot be a tokenizer
 */
export async function readTokenizerFile(
  path: string,
  told: { name: string; fix: string },
): Promise<{ text: string; sha256: string }> {
  const wrong = (found: string, cause?: unknown) =>
    new UserError(
      {
        what: `${told.name} cannot be read`,
        where: path,
        expected: 'a tokenizer.json file',
        found,
        fix: told.fix,
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
