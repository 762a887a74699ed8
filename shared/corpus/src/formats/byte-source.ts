/** @file The bytes of a file one after the other, whether it is compressed or not. */

import { open } from 'node:fs/promises';
import type { Compression } from './compression.ts';
import { decompressedChunks } from './compression.ts';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';

export interface ByteSource {
  /** Reads up to `length` bytes into `target` at `at`. @returns how many; 0 at the end */
  read(target: Buffer, at: number, length: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens a file at its beginning. `onRead` is called with its bytes on disk, `signal` aborts between two reads. */
export async function openBytes(file: CorpusFile, options: ReadOptions): Promise<ByteSource> {
  if (file.compression) return decompressed(file, file.compression, options);
  const handle = await open(file.path);
  let position = 0;
  return {
    async read(target, at, length) {
      const { bytesRead } = await handle.read(target, at, length, position);
      position += bytesRead;
      options.onRead?.(position);
      return bytesRead;
    },
    close: () => handle.close(),
  };
}

function decompressed(file: CorpusFile, compression: Compression, options: ReadOptions): ByteSource {
  const chunks = decompressedChunks(file, compression, options);
  let rest: Buffer = Buffer.alloc(0);
  return {
    async read(target, at, length) {
      while (rest.length === 0) {
        const next = await chunks.next();
        if (next.done) return 0;
        rest = next.value;
      }
      const taken = rest.copy(target, at, 0, Math.min(length, rest.length));
      rest = rest.subarray(taken);
      return taken;
    },
    close: async () => void (await chunks.return(undefined)),
  };
}

/** Bytes per read: large enough to be fast, small enough for a turn of the event loop every few milliseconds. */
export const READ_BYTES = 2 ** 20;

/** What some programs write at the beginning of UTF-8, and no text holds. */
export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A beginning of a file, decompressed: `length` bytes, or fewer where it is shorter. */
export async function readHead(file: CorpusFile, length: number, signal?: AbortSignal): Promise<Buffer> {
  const source = await openBytes(file, { signal });
  try {
    const head = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const read = await source.read(head, filled, length - filled);
      if (read === 0) break;
      filled += read;
    }
    return head.subarray(0, filled);
  } finally {
    await source.close();
  }
}
