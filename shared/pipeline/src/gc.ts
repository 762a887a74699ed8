/**
 * @file Garbage collection: sweep from the store what nothing needs any more (needed.ts). What cannot be read is set aside, and said by name.
 *
 * While an `nx run` goes on, or a stage that was started by hand holds its lock, nothing is collected; while garbage is collected, none begins and
 * none publishes. What was made or used a short while ago stays, and all that it was made from.
 */
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  describeHolder,
  isLockName,
  removeStaleLock,
  renewGeneration,
  setAside,
  withLock,
} from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { readLedger, requireWhole } from './ledger/index.ts';
import { findNeeded, type Needed, type Problem } from './needed.ts';
import { runsGoingOn } from './run-state.ts';
import { collectorLock, lockFolder, type Workspace } from './workspace.ts';

/** State of an interrupted computation is kept this long, so that it can be resumed. */
const STATE_KEPT_MS = 7 * 24 * 3600 * 1000;

/** What was made or used within this time may belong to a run that is not over. */
const RECENT_MS = 3600 * 1000;

export interface Garbage {
  path: string;
  bytes: number;
  why: string;
}

export interface Collection {
  garbage: Garbage[];
  /** Files that could not be read, and what was done about it. */
  problems: string[];
  /** What nothing names, but is too young. */
  recent: { files: number; bytes: number };
}

interface CollectOptions {
  remove: boolean;
  /** How long what nothing names is kept since it was made or used; an hour by default. */
  recentMs?: number;
}

/**
 * Finds what nothing names any more, and removes it if asked to.
 * @throws UserError while a stage is running, or where the ledger of runs is damaged
 */
export async function collectGarbage(
  workspace: Workspace,
  { remove, recentMs = RECENT_MS }: CollectOptions,
): Promise<Collection> {
  return withLock(collectorLock(workspace), async ({ check }) => {
    await refuseWhileRunning(workspace);
    const since = Date.now() - recentMs;
    const needed = await findNeeded(workspace, requireWhole(await readLedger(workspace)), since);
    const collection = await sweep(workspace, needed, since);
    await check();
    const problems = await setProblemsAside(workspace, needed.problems, remove);
    if (remove && collection.garbage.length > 0) {
      await renewGeneration(workspace.store); // Nx's cache may remember results of which the files go now
      for (const { path } of collection.garbage) await rm(path, { recursive: true, force: true });
    }
    return { ...collection, problems };
  });
}

async function refuseWhileRunning(workspace: Workspace): Promise<void> {
  const [run] = await runsGoingOn(workspace); // one that begins now waits
  if (run !== undefined) {
    throw new UserError({
      what: 'garbage cannot be collected while an nx run goes on, which may need what no pointer names',
      where: `process ${run.pid} on ${run.host}`,
      fix: 'run the command again when it has finished',
    });
  }
  const locks = lockFolder(workspace);
  for (const name of (await entries(locks)).filter(isLockName)) {
    const holder = await removeStaleLock(join(locks, name)); // a process that lost it learns so when it comes back
    if (holder === undefined) continue;
    throw new UserError({
      what: 'garbage cannot be collected while a stage is running',
      where: join(locks, name),
      found: describeHolder(holder),
      fix: 'run the command again when it has finished',
    });
  }
}

/** Sets aside what cannot be read, if things are to be removed. @returns what to say */
async function setProblemsAside(
  { root, store }: Workspace,
  problems: readonly Problem[],
  remove: boolean,
): Promise<string[]> {
  const said: string[] = [];
  for (const { path, found, means, movable } of problems) {
    const aside = remove && movable ? await setAside(store, path) : undefined;
    const where = aside === undefined ? '' : `; set aside as ${relative(root, aside)}`;
    said.push(`${relative(root, path)} cannot be used (${found}): ${means}${where}`);
  }
  return said;
}

async function sweep({ store }: Workspace, needed: Needed, since: number): Promise<Omit<Collection, 'problems'>> {
  const garbage: Garbage[] = [];
  const recent = { files: 0, bytes: 0 };
  const add = async (path: string, why: string, young = false): Promise<void> => {
    const bytes = await sizeOf(path);
    if (!young) garbage.push({ path, bytes, why });
    else {
      recent.files++;
      recent.bytes += bytes;
    }
  };
  const isYoung = async (path: string): Promise<boolean> => (await lstat(path)).mtimeMs >= since;
  const blobs = join(store, 'blobs');
  for (const prefix of await entries(blobs)) {
    for (const name of await entries(join(blobs, prefix))) {
      const path = join(blobs, prefix, name);
      if (!needed.blobs.has(name)) await add(path, 'no pointer and no run names it', await isYoung(path));
    }
  }
  for (const name of await entries(join(store, 'memo'))) {
    const path = join(store, 'memo', name);
    const isProblem = needed.problems.some((problem) => problem.path === path);
    if (!isProblem && !needed.memos.has(name))
      await add(path, 'remembers a result that nothing names', await isYoung(path));
  }
  for (const name of await entries(join(store, 'corrupt')))
    await add(join(store, 'corrupt', name), 'failed verification');
  for (const name of await entries(join(store, 'work'))) {
    const path = join(store, 'work', name);
    const state = await stat(join(path, 'state')).catch(() => undefined);
    if (state === undefined || Date.now() - state.mtimeMs > STATE_KEPT_MS)
      await add(path, 'left by an interrupted stage');
  }
  return { garbage, recent };
}

/** Of a file, or of all files in a folder; a link is what it is. */
async function sizeOf(path: string): Promise<number> {
  const found = await lstat(path);
  if (!found.isDirectory()) return found.size;
  let bytes = 0;
  for (const name of await entries(path)) bytes += await sizeOf(join(path, name));
  return bytes;
}

/** A folder that is not there is empty, and so is a file in its place; one that may not be read is not. */
async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return [];
  });
  return names.sort();
}
