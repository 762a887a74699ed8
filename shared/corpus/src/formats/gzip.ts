/** @file Files compressed with gzip (RFC 1952): read in a stream, with errors that say what is damaged. */

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { UserError } from '@arrowsmith/errors';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';

/** Whether a file is compressed, by its name. */
export function isGzip({ name }: Pick<CorpusFile, 'name'>): boolean {
  return /\.gz$/i.test(name.replace(/[?#].*$/, ''));
}

/**
 * The bytes of a compressed file, chunk by chunk, in bounded memory. Several members behind one another are one text.
 *
 * @throws {UserError} for a file that ends too early, whose checksum is wrong, or that is not gzip; and for the beginning
 *   of a file (firstBytes)
 */
export async function* gunzipChunks(file: CorpusFile, { signal, onRead }: ReadOptions): AsyncGenerator<Buffer> {
  if (file.cut) {
    throw new UserError({
      what: `${file.name}: the beginning of a compressed file cannot be read`,
      fix: 'leave out firstBytes',
    });
  }
  let read = 0;
  const compressed = createReadStream(file.path, { highWaterMark: 2 ** 18, signal });
  compressed.on('data', (chunk) => (read += chunk.length));
  // What goes wrong in either stream ends the iteration of the last.
  const text = pipeline(compressed, createGunzip({ chunkSize: 2 ** 18 }), () => undefined);
  try {
    for await (const chunk of text) {
      onRead?.(read);
      yield chunk as Buffer;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error;
    const truncated = error.code === 'Z_BUF_ERROR';
    throw new UserError(
      {
        what: truncated ? `${file.name}: the compressed file ends too early` : `${file.name}: not a readable gzip file`,
        where: file.path,
        found: truncated ? `${file.bytes} bytes, and no end of the compressed data` : error.message,
        fix: 'fetch or compress the file again',
      },
      { cause: error },
    );
  }
}
