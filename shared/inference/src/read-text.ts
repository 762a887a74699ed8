/** @file The text of a file, for a model to read. */
import { isUtf8 } from 'node:buffer';
import { open, stat } from 'node:fs/promises';
import { UserError } from '@arrowsmith/errors';

/** Strings of Node have half as many characters; tokens of more take days. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * Reads a file, or its beginning.
 *
 * @param path absolute
 * @param bytes only so many from its beginning, less what would be a part of a character
 * @throws UserError where it cannot be read, is empty, too large, or not UTF-8
 */
export async function readText(path: string, bytes?: number): Promise<{ text: string; bytes: number }> {
  const wrong = (found: string, fix = 'name a text file by --text', cause?: unknown) =>
    new UserError(
      { what: 'the text cannot be read', where: path, expected: 'a text file in UTF-8', found, fix },
      { cause },
    );
  let content: Buffer;
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw wrong('a folder, a pipe or a device');
    const size = Math.min(stats.size, bytes ?? Infinity);
    if (size > MOST_BYTES) throw wrong(`${size} bytes`, `read its beginning: --bytes=${MOST_BYTES} or less`);
    content = await beginning(path, size);
    if (size < stats.size) content = content.subarray(0, endOfCharacters(content));
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw wrong(code === 'ENOENT' ? 'no such file' : message, undefined, cause);
  }
  if (content.length === 0) throw wrong('an empty file');
  if (!isUtf8(content)) throw wrong('bytes that are not UTF-8', 'convert it: iconv -t UTF-8');
  return { text: content.toString('utf8'), bytes: content.length };
}

async function beginning(path: string, size: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const content = Buffer.alloc(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await file.read(content, done, size - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return content.subarray(0, done);
  } finally {
    await file.close();
  }
}

/** Bytes up to the last character that is there whole. */
function endOfCharacters(content: Buffer): number {
  for (let back = 1; back <= Math.min(4, content.length); back++) {
    const byte = content[content.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue; // goes on
    const needs = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return needs > back ? content.length - back : content.length;
  }
  return content.length;
}
