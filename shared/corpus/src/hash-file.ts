/** @file The checksum of a file, read chunk by chunk. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Reads a whole file into a checksum, which can be updated further. */
export async function hashFile(
  path: string,
  signal?: AbortSignal,
  algorithm: 'sha256' | 'sha512' = 'sha256',
): Promise<ReturnType<typeof createHash>> {
  const hash = createHash(algorithm);
  // 1 MiB: large enough to be fast, small enough for a turn of the event loop every few milliseconds.
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal })) hash.update(chunk);
  return hash;
}
