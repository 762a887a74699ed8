/** @file A file cut into pieces at a separator, in bounded memory. */

import { UserError } from '@arrowsmith/errors';
import { BYTE_ORDER_MARK, openBytes, READ_BYTES } from './byte-source.ts';
import { MAX_DOCUMENT_BYTES } from './corpus-file.ts';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';

/** A piece of a file; `bytes` is a view that is only valid until the next piece. */
export interface Piece {
  bytes: Buffer;
  /** Place of its first byte in the file, or in the text that was compressed. */
  offset: number;
  /** Counts from 0. */
  index: number;
  /** Whether the file ends after it, instead of a separator. */
  last: boolean;
}

/**
 * Splits a file at every occurrence of the separator, from left to right, and maps each piece. Memory is bounded by the
 * longest piece. A byte order mark at the beginning of the file is skipped. The piece after the last separator is left
 * out when the file is cut.
 *
 * @param separator well-formed UTF-8, so that it never matches inside a character
 * @param map what to make of a piece; undefined leaves it out
 * @returns batches of mapped pieces, one per read
 * @throws {UserError} for a piece longer than 256 MiB
 */
export async function* readPieces<T>(
  file: CorpusFile,
  separator: Buffer,
  map: (piece: Piece) => T | undefined,
  options: ReadOptions,
): AsyncGenerator<T[]> {
  const { signal } = options;
  const source = await openBytes(file, options);
  try {
    let buffer = Buffer.allocUnsafe(READ_BYTES);
    // buffer[start, end) is read but not yet split; buffer[start, searched) holds no beginning of a separator.
    let start = 0;
    let searched = 0;
    let end = 0;
    let position = 0; // in the file, of buffer[end]
    let index = 0;
    for (;;) {
      signal?.throwIfAborted();
      // What is left of the last read moves to the front; a piece that fills the buffer gets a larger one.
      buffer.copyWithin(0, start, end);
      end -= start;
      searched -= start;
      start = 0;
      if (end === buffer.length) {
        if (end >= MAX_DOCUMENT_BYTES) throw tooLong(file, separator, position - end);
        buffer = Buffer.concat([buffer], 2 * end);
      }
      const atStart = position === 0;
      const bytesRead = await source.read(buffer, end, Math.min(READ_BYTES, buffer.length - end));
      end += bytesRead;
      position += bytesRead;
      if (atStart && buffer.subarray(0, end).indexOf(BYTE_ORDER_MARK) === 0) start = searched = BYTE_ORDER_MARK.length;

      const batch: T[] = [];
      const add = (to: number, last: boolean) => {
        const mapped = map({ bytes: buffer.subarray(start, to), offset: position - end + start, index: index++, last });
        if (mapped !== undefined) batch.push(mapped);
      };
      const view = buffer.subarray(0, end);
      for (let at; (at = view.indexOf(separator, searched)) !== -1;) {
        add(at, false);
        start = searched = at + separator.length;
      }
      searched = Math.max(start, end - separator.length + 1);
      if (bytesRead === 0 && !file.cut) add(end, true);
      if (batch.length > 0) yield batch;
      if (bytesRead === 0) return;
    }
  } finally {
    await source.close();
  }
}

function tooLong(file: CorpusFile, separator: Buffer, offset: number): UserError {
  return new UserError({
    what: `${file.name}: a document is too long`,
    where: `${file.name}, from byte ${offset}`,
    expected: `${JSON.stringify(separator.toString())} within ${MAX_DOCUMENT_BYTES} bytes`,
    fix: 'check the separator and format of the source',
  });
}
