/**
 * @file A lock between processes that share a folder.
 *
 * The lock is a file created exclusively; its holder touches it every few seconds. A lock whose process is gone (same host) or
 * that was not touched for a minute (any host) is stale and is taken over. Results are content-addressed and published atomically,
 * so even a wrong take-over costs time, never correctness.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HEARTBEAT_MS = 5_000;
const STALE_MS = 60_000;
/** A lock is empty for a moment, between its creation and the writing of its holder, or for good, if the holder was killed just then. */
const EMPTY_STALE_MS = 2_000;
const POLL_MS = 100;

interface Holder {
  pid: number;
  host: string;
}

/** The holder that an empty lock names. */
const NOBODY: Holder = { pid: 0, host: '' };

/**
 * Runs `work` while holding the lock `path`.
 * @param onWait called once if another process holds the lock
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { onWait, signal }: { onWait?: (holder: Holder) => void; signal?: AbortSignal } = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let waited = false;
  while (!(await tryAcquire(path))) {
    const holder = await readHolder(path);
    if (holder && (await isStale(path, holder))) {
      await breakLock(path);
      continue;
    }
    if (!waited && holder) onWait?.(holder);
    waited = true;
    await sleep(POLL_MS, undefined, { signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  }
}

/** Whether a process that is alive holds the lock. */
export async function isLocked(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  return holder !== undefined && !(await isStale(path, holder));
}

async function tryAcquire(path: string): Promise<boolean> {
  const handle = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (handle === undefined) return false;
  try {
    await handle.writeFile(JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder));
    return true;
  } catch (error) {
    await rm(path, { force: true }); // on a full disk an empty lock would be left, held by nobody until it is stale
    throw error;
  } finally {
    await handle.close();
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return NOBODY;
  }
}

async function isStale(path: string, holder: Holder): Promise<boolean> {
  if (holder.host === hostname() && holder.pid > 0 && !isAlive(holder.pid)) return true;
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs > (holder === NOBODY ? EMPTY_STALE_MS : STALE_MS);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, but another user's
  }
}

/** Removes a stale lock. If another process took it over in the meantime, its fresh lock is put back. */
async function breakLock(path: string): Promise<void> {
  const aside = `${path}.${randomUUID().slice(0, 8)}.stale`;
  await rename(path, aside).catch(() => undefined);
  if (await isLocked(aside)) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
