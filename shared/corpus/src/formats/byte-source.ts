/** @file The bytes of a file one after the other, whether it is compressed or not. */

import { open } from 'node:fs/promises';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';
import { gunzipChunks, isGzip } from './gzip.ts';

export interface ByteSource {
  /** Reads up to `length` bytes into `target` at `at`. @returns how many; 0 at the end */
  read(target: Buffer, at: number, length: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens a file at its beginning. `onRead` is called with its bytes on disk, `signal` aborts between two reads. */
export async function openBytes(file: CorpusFile, options: ReadOptions): Promise<ByteSource> {
  if (isGzip(file)) return gzipSource(file, options);
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

function gzipSource(file: CorpusFile, options: ReadOptions): ByteSource {
  const chunks = gunzipChunks(file, options);
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
