/** @file Plain text: documents between separators, or running text. */

import { open } from 'node:fs/promises';
import { UserError } from '@arrowsmith/errors';
import { MAX_DOCUMENT_BYTES } from './corpus-file.ts';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';
import { decompressedChunks } from './compression.ts';
import type { Compression } from './compression.ts';
import { readPieces } from './pieces.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * The documents of a text file with separators.
 *
 * Dropped are: the separators; one line break (`\n` or `\r\n`) directly before and one directly after each of them, and one
 * at the end of the file; a byte order mark; and documents of which nothing is left. Every other byte is kept. A separator
 * that itself holds a line break takes no further ones with it.
 *
 * @throws {UserError} for bytes that are not UTF-8, with their place, and for a document longer than 256 MiB
 */
export function readSeparatedText(file: CorpusFile, separator: string, options: ReadOptions): AsyncGenerator<string[]> {
  const lineBreaks = !separator.includes('\n');
  return readPieces(
    file,
    Buffer.from(separator),
    ({ bytes, offset, index }) => {
      const text = decodeUtf8(bytes, file.name, offset, options.onInvalidUtf8);
      return (lineBreaks ? withoutLineBreaks(text, index > 0) : text) || undefined;
    },
    options,
  );
}

function withoutLineBreaks(text: string, leading: boolean): string {
  const start = !leading ? 0 : text.startsWith('\n') ? 1 : text.startsWith('\r\n') ? 2 : 0;
  const rest = text.slice(start);
  return rest.endsWith('\r\n') ? rest.slice(0, -2) : rest.endsWith('\n') ? rest.slice(0, -1) : rest;
}

/** Which part of a running text to read. */
export type TextPart = 'all' | 'train' | 'validation';

/**
 * A text file without separators, as one document: all of it, or what lies before or after the line start that is nearest
 * behind `1 - validationShare` of its bytes. The two parts together are the whole, byte for byte but a byte order mark.
 *
 * @throws {UserError} for bytes that are not UTF-8, a part longer than 256 MiB, and a text of one line that is to be split
 */
export async function* readRunningText(
  file: CorpusFile,
  part: TextPart,
  validationShare: number,
  options: ReadOptions,
): AsyncGenerator<string[]> {
  const { signal, onRead, onInvalidUtf8, onLeftOut } = options;
  signal?.throwIfAborted();
  const { compression } = file;
  const handle: RandomAccess = compression ? await unpack(file, compression, options) : await openFile(file);
  try {
    // The last line of a cut file is cut too.
    const textEnd = file.cut ? await lineStartBefore(handle, handle.bytes) : handle.bytes;
    if (textEnd === 0) {
      onLeftOut?.('empty');
      return;
    }
    const middle = part === 'all' ? 0 : await splitPoint(handle, file, textEnd, validationShare);
    const [start, end] = part === 'train' ? [0, middle] : [middle, textEnd];
    if (end - start > MAX_DOCUMENT_BYTES) throw tooLong(file, `${end - start} bytes`);
    const bytes = await readRange(handle, start, end);
    if (!compression) onRead?.(end);
    const text = decodeUtf8(bytes, file.name, start, onInvalidUtf8);
    const unmarked = start === 0 && text.startsWith('\ufeff') ? text.slice(1) : text;
    if (unmarked !== '') yield [unmarked];
  } finally {
    await handle.close();
  }
}

function tooLong(file: CorpusFile, found: string): UserError {
  return new UserError({
    what: `${file.name}: too long to be one document`,
    expected: `at most ${MAX_DOCUMENT_BYTES} bytes without a separator`,
    found,
    fix: 'give the source a separator, or divide the file into several',
  });
}

/** A text of which any part can be read. */
interface RandomAccess {
  bytes: number;
  read(target: Buffer, at: number, length: number, position: number): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

async function openFile(file: CorpusFile): Promise<RandomAccess> {
  const handle = await open(file.path);
  return {
    bytes: file.bytes,
    read: (target, at, length, position) => handle.read(target, at, length, position),
    close: () => handle.close(),
  };
}

/** A compressed text, which may be no longer than one document, in memory. */
async function unpack(file: CorpusFile, compression: Compression, options: ReadOptions): Promise<RandomAccess> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of decompressedChunks(file, compression, options)) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw tooLong(file, 'more when it is decompressed');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks);
  return {
    bytes,
    read: async (target, at, length, position) => ({
      bytesRead: text.copy(target, at, position, position + length),
    }),
    close: async () => undefined,
  };
}

/** The first line start at or after 1 - share of the text; where there is none, the last one before. */
async function splitPoint(handle: RandomAccess, file: CorpusFile, end: number, share: number): Promise<number> {
  const from = Math.floor(end * (1 - share));
  const after = (await lineStartAfter(handle, from, end)) ?? end;
  const point = after < end ? after : await lineStartBefore(handle, end - 1);
  if (point > 0) return point;
  throw new UserError({
    what: `${file.name}: a text of one line cannot be split into training and validation text`,
    fix: 'name a validation file, or a separator between documents',
  });
}

const SEARCH_BYTES = 2 ** 16;

/** The first position in (from, end] that follows a line feed. */
async function lineStartAfter(handle: RandomAccess, from: number, end: number): Promise<number | undefined> {
  for (let at = from; at < end; at += SEARCH_BYTES) {
    const found = (await readRange(handle, at, Math.min(at + SEARCH_BYTES, end))).indexOf('\n');
    if (found !== -1) return at + found + 1;
  }
  return undefined;
}

/** The last position in [0, end] that follows a line feed, or 0. */
async function lineStartBefore(handle: RandomAccess, end: number): Promise<number> {
  for (let to = end; to > 0; to -= SEARCH_BYTES) {
    const from = Math.max(0, to - SEARCH_BYTES);
    const found = (await readRange(handle, from, to)).lastIndexOf('\n');
    if (found !== -1) return from + found + 1;
  }
  return 0;
}

async function readRange(handle: RandomAccess, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
