/** @file Files that appear whole or not at all. */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';

/**
 * Creates or replaces `path` atomically: `write` fills a temporary file in the same folder, which is flushed to disk and renamed.
 * A reader sees the old file or the new one; a kill at any moment leaves at most a `.tmp` file behind.
 */
export async function writeFileAtomic(
  path: string,
  write: string | ((temporaryPath: string) => Promise<unknown>),
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    if (typeof write !== 'string') await write(temporary);
    const handle = await open(temporary, typeof write === 'string' ? 'w' : 'r+');
    try {
      if (typeof write === 'string') await handle.writeFile(write);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
