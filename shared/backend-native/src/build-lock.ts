/** @file Lets one process at a time build, so that ten that start after a change of the sources do not all do the same work. */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const POLL_MILLISECONDS = 100;

/** Older locks are of a process that was killed, and whose number another has by now. */
const LONGEST_BUILD_MILLISECONDS = 300_000;

/** Does the work while no other process holds the lock, which is a file that has its holder's process number. */
export async function withBuildLock(path: string, work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await tryCreate(path))) {
    if (await isAbandoned(path)) await rm(path, { force: true });
    else await setTimeout(POLL_MILLISECONDS);
  }
  try {
    await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > LONGEST_BUILD_MILLISECONDS) return true;
    const holder = Number(await readFile(path, 'utf8'));
    if (holder > 0) process.kill(holder, 0); // only asks whether it is there
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
