/**
 * @file A lock between processes that share a folder.
 *
 * The lock is a file created exclusively; its holder touches it every few seconds. It is stale, and taken over, when
 *
 * - its process is gone, as far as this machine knows processes: one that lives keeps its lock, even if it is suspended for days;
 * - nobody touched it for a minute, where its holder cannot be looked at (another host or container);
 * - it is empty or not what a lock says, and nobody touches it.
 *
 * A holder that was out of reach for so long may come back: it learns by its next touch, or by {@link Lease.check}, that its lock is
 * another's, and must end. What it works on has a name of its own until then.
 */
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readFile, rm, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '@arrowsmith/errors';
import { processState, thisProcess } from './processes.ts';

const HEARTBEAT_MS = 5_000;
const STALE_MS = 60_000;
/** A lock is empty for a moment, between its creation and the writing of its holder, or for good, if the holder was killed just then. */
const EMPTY_STALE_MS = 2_000;
/** A holder whose lock file was damaged still touches it. */
const DAMAGED_STALE_MS = 3 * HEARTBEAT_MS;
const POLL_MS = { first: 10, most: 100 };
/** Taking a stale lock away takes milliseconds; whoever does it longer was killed. */
const BREAKING_MS = 10_000;
const BREAKING = '.breaking';

/** Who holds a lock. */
export interface Holder {
  pid: number;
  host: string;
  /** Its process is there and does nothing. */
  suspended?: boolean;
}

/** A lock that this process holds. */
export interface Lease {
  /** Names this holding of the lock, and no other. */
  token: string;
  /** Aborted when another process took the lock over. */
  signal: AbortSignal;
  /** @throws UserError when another process took the lock over */
  check(): Promise<void>;
}

/** What stands in a lock file. */
interface Entry extends Holder {
  machine?: string;
  started?: string;
  token?: string;
}

interface LockOptions {
  /** Called when another process holds the lock, and again when that one is suspended. @param lock that it holds */
  onWait?: (holder: Holder, lock: string) => void;
  signal?: AbortSignal;
  /** Another lock that must be free, too, while this one is held; its holder looks for this one. */
  besides?: string;
}

/**
 * Runs `work` while holding the lock `path`.
 * @throws UserError when the lock was taken over, which happens only to a process that was out of reach for a minute
 */
export async function withLock<T>(
  path: string,
  work: (lease: Lease) => Promise<T>,
  { onWait, signal, besides }: LockOptions = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const token = randomUUID();
  const wait = waiting(onWait, signal);
  for (;;) {
    if (!(await tryAcquire(path, token))) {
      const found = await inspect(path);
      if (found?.stale === true) await breakLock(path);
      else if (found !== undefined) await wait(path, found.holder);
      continue;
    }
    const other = besides === undefined ? undefined : await inspect(besides);
    if (other === undefined || other.stale) break;
    await rm(path, { force: true }); // so that two that look for each other never wait for each other
    await wait(besides!, other.holder);
  }
  return holding(path, token, work);
}

/** @returns a pause between two looks at a lock, which says whom it waits for */
function waiting(
  onWait: LockOptions['onWait'],
  signal: AbortSignal | undefined,
): (lock: string, holder: Holder | undefined) => Promise<void> {
  let said: Holder | undefined;
  let pause = POLL_MS.first;
  return async (lock, holder) => {
    const news = said === undefined || said.suspended !== true ? holder : undefined;
    if (news !== undefined && (said === undefined || news.suspended === true)) onWait?.((said = news), lock);
    await sleep(pause, undefined, signal === undefined ? {} : { signal });
    pause = Math.min(pause * 1.5, POLL_MS.most);
  };
}

/** Works under a lock that was just acquired, and releases it if it is still held. */
async function holding<T>(path: string, token: string, work: (lease: Lease) => Promise<T>): Promise<T> {
  const lost = new AbortController();
  const check = async (cause?: unknown): Promise<void> => {
    const entry = await readEntry(path);
    if (entry?.token !== token) lost.abort(lostLock(path, entry, cause));
    lost.signal.throwIfAborted();
  };
  const heartbeat = setInterval(() => {
    const now = new Date();
    check().then(
      () => utimes(path, now, now).catch(() => undefined),
      () => clearInterval(heartbeat),
    );
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work({ token, signal: lost.signal, check: () => check() });
  } catch (error) {
    await check(error); // what failed may have failed because of it
    throw error;
  } finally {
    clearInterval(heartbeat);
    if ((await readEntry(path))?.token === token) await rm(path, { force: true });
  }
}

function lostLock(path: string, entry: Entry | undefined, cause: unknown): UserError {
  const by = entry === undefined ? 'no lock' : `the lock of process ${entry.pid} on ${entry.host}`;
  return new UserError(
    {
      what: 'this process was out of reach for so long that its lock was taken away, and its work may be done by another',
      where: path,
      expected: `the lock of process ${process.pid} on ${hostname()}`,
      found: by,
      fix: 'run the same command again: it waits for the other process, or finds its result',
    },
    { cause },
  );
}

/** Whether a process that is alive holds the lock. */
export async function isLocked(path: string): Promise<boolean> {
  return (await inspect(path))?.stale === false;
}

/** Removes a lock that a process left which is gone. @returns who holds it, where it is held */
export async function removeStaleLock(path: string): Promise<Holder | undefined> {
  const found = await inspect(path);
  if (found?.stale === true) await breakLock(path);
  return found?.stale === false ? (found.holder ?? { pid: 0, host: 'unknown' }) : undefined;
}

/** Whom one waits for, and what to do about it. */
export function describeHolder({ pid, host, suspended }: Holder): string {
  const who = `process ${pid} on ${host}`;
  return suspended === true ? `${who}, which is suspended (kill -CONT ${pid} lets it go on, kill -KILL ${pid} ends it)` : who;
}

async function tryAcquire(path: string, token: string): Promise<boolean> {
  const handle = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (handle === undefined) return false;
  try {
    const entry: Entry = { pid: process.pid, host: hostname(), ...defined(thisProcess()), token };
    await handle.writeFile(JSON.stringify(entry));
    return true;
  } catch (error) {
    await rm(path, { force: true }); // on a full disk an empty lock would be left, held by nobody until it is stale
    throw error;
  } finally {
    await handle.close();
  }
}

const defined = ({ machine, started }: { machine: string; started: string | undefined }) =>
  started === undefined ? { machine } : { machine, started };

/** What is to be known about a lock; no holder where its file does not say. */
interface Inspection {
  holder: Holder | undefined;
  stale: boolean;
}

/** @throws UserError when a folder is where the lock should be */
async function inspect(path: string): Promise<Inspection | undefined> {
  const found = await lstat(path).catch(undefinedIfMissing);
  if (found === undefined) return undefined;
  if (found.isDirectory()) throw folderInPlace(path);
  const untouched = Date.now() - found.mtimeMs;
  const entry = await readEntry(path);
  if (entry === undefined)
    return { holder: undefined, stale: untouched > (found.size === 0 ? EMPTY_STALE_MS : DAMAGED_STALE_MS) };
  const holder: Holder = { pid: entry.pid, host: entry.host };
  const own = thisProcess();
  const within = entry.machine === undefined ? entry.host === hostname() : entry.machine === own.machine;
  if (!within) return { holder, stale: untouched > STALE_MS };
  const state = processState(entry.pid);
  if (state === undefined) return { holder, stale: true };
  // Where the system does not say when a process was started, its number may be another's by now.
  if (entry.started === undefined || state.started === undefined) return { holder, stale: untouched > STALE_MS };
  return { holder: { ...holder, suspended: state.suspended }, stale: entry.started !== state.started };
}

/** @returns undefined where there is no lock, or what is there is none */
async function readEntry(path: string): Promise<Entry | undefined> {
  const text = await readFile(path, 'utf8').catch(undefinedIfMissing);
  let value: unknown;
  try {
    value = JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
  return isEntry(value) ? value : undefined;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, machine, started, token } = value as Record<string, unknown>;
  const isText = (each: unknown): boolean => each === undefined || typeof each === 'string';
  return Number.isInteger(pid) && (pid as number) > 0 && typeof host === 'string' && [machine, started, token].every(isText);
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function folderInPlace(path: string): UserError {
  return new UserError({
    what: 'a folder is where a lock should be',
    where: path,
    expected: 'a file, or nothing',
    found: 'a folder',
    fix: 'move that folder away; then run the same command again',
  });
}

/**
 * Removes a stale lock. Of many that wait for it one does so, and looks once more before: another could have taken it over meanwhile, and
 * its lock would be lost.
 */
async function breakLock(path: string): Promise<void> {
  const guard = `${path}${BREAKING}`;
  const handle = await open(guard, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (handle === undefined) {
    const since = await lstat(guard).catch(undefinedIfMissing);
    if (since !== undefined && Date.now() - since.mtimeMs > BREAKING_MS) await rm(guard, { force: true });
    await sleep(POLL_MS.first);
    return;
  }
  try {
    if ((await inspect(path))?.stale === true) await rm(path, { force: true });
  } finally {
    await handle.close();
    await rm(guard, { force: true });
  }
}

/** Whether a file beside locks is one, or what taking one over needs. */
export const isLockName = (name: string): boolean => !name.endsWith(BREAKING);
