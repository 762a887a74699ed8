/** @file Files that appear whole or not at all. */
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';

/** Fills a temporary file; or its whole text. */
type Content = string | ((temporaryPath: string) => Promise<unknown>);

/**
 * Creates or replaces `path` atomically: `write` fills a temporary file in the same folder, which is flushed to disk and renamed.
 * A reader sees the old file or the new one; a kill at any moment leaves at most a `.tmp` file behind.
 */
export async function writeFileAtomic(path: string, write: Content): Promise<void> {
  await withTemporaryFile(path, write, (temporary) => rename(temporary, path));
}

/** What file systems without hard links say. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * As {@link writeFileAtomic}, but never replaces a file: of several processes that create one path at once, one succeeds.
 * @returns whether the file was created; false when there is one already
 */
export async function createFileAtomic(path: string, write: Content): Promise<boolean> {
  let created = true;
  await withTemporaryFile(path, write, (temporary) =>
    link(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') created = false;
      else if (NO_LINKS.includes(error.code ?? '')) await rename(temporary, path);
      else throw error;
    }),
  );
  return created;
}

/** Writes and flushes a temporary file beside `path` and hands it to `publish`; it is gone afterwards. */
async function withTemporaryFile(
  path: string,
  write: Content,
  publish: (temporary: string) => Promise<void>,
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
    await publish(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}
