/** @file Compressed files: gzip (RFC 1952) and Zstandard (RFC 8878), read in a stream, with errors that say what is damaged. */

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { UserError } from '@arrowsmith/errors';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';

/** What {@link decompressedChunks} knows by name. */
export type Compression = 'gzip' | 'zstd';

/** Zstandard came to node:zlib with Node 22.15. */
const { createZstdDecompress } = zlib as {
  createZstdDecompress?: (options: { chunkSize: number }) => Transform;
};

const CHUNK_BYTES = 2 ** 18;

/**
 * The bytes of a compressed file, chunk by chunk, in bounded memory. Several members or frames behind one another are one
 * text.
 *
 * @throws {UserError} for a file that ends too early, whose checksum is wrong, or that is not compressed so; for the beginning
 *   of a file (firstBytes); and for Zstandard where Node is too old for it
 */
export async function* decompressedChunks(
  file: CorpusFile,
  compression: Compression,
  { signal, onRead }: ReadOptions,
): AsyncGenerator<Buffer> {
  if (file.cut) {
    throw new UserError({
      what: `${file.name}: the beginning of a compressed file cannot be read`,
      fix: 'leave out firstBytes',
    });
  }
  const decompress = decompressor(file, compression);
  let read = 0;
  const compressed = createReadStream(file.path, { highWaterMark: CHUNK_BYTES, signal });
  compressed.on('data', (chunk) => (read += chunk.length));
  // What goes wrong in either stream ends the iteration of the last.
  const text = pipeline(compressed, decompress, () => undefined);
  try {
    for await (const chunk of text) {
      onRead?.(read);
      yield chunk as Buffer;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw damage(file, compression, error);
  }
}

function decompressor(file: CorpusFile, compression: Compression): Transform {
  if (compression === 'gzip') return zlib.createGunzip({ chunkSize: CHUNK_BYTES });
  if (createZstdDecompress) return createZstdDecompress({ chunkSize: CHUNK_BYTES });
  throw new UserError({
    what: `${file.name}: Zstandard compression cannot be read by this version of Node`,
    expected: 'Node 22.15 or newer',
    found: process.version,
    fix: 'use a newer Node; or decompress the file with zstd -d, or compress it with gzip instead, and name the result',
  });
}

/** Errors of zlib say that the data is damaged; all others, such as those of the disk, are passed on. */
function damage(file: CorpusFile, compression: Compression, error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  const code = String(error.code);
  if (!code.startsWith('Z_') && !code.startsWith('ZSTD_')) return error;
  const truncated = code === 'Z_BUF_ERROR';
  return new UserError(
    {
      what: truncated
        ? `${file.name}: the compressed file ends too early`
        : `${file.name}: not a readable ${compression} file`,
      where: file.path,
      found: truncated ? `${file.bytes} bytes, and no end of the compressed data` : error.message,
      fix: 'fetch or compress the file again',
    },
    { cause: error },
  );
}
