/**
 * @file Where a stage works: a folder in `store/work` for one holder of the computation's lock.
 *
 *     <store>/work/<stage>-<key>.<token>/output    files of the artifact
 *                                       /measured  tables of what was measured
 *                                       /state     what a stage keeps to go on after it was killed
 *
 * The folder has the holder's own name, so that a process that comes back after it was taken for dead disturbs nobody.
 */
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface WorkFolder {
  output: string;
  measured: string;
  state: string;
  /** Removes it all: the result is in the store. */
  finish(): Promise<void>;
  /** Removes what is half-written, and keeps what is in `state`. */
  abandon(): Promise<void>;
}

const workPath = (store: string): string => join(store, 'work');

/** The names of folders of one computation. @param name of the computation */
async function foldersOf(store: string, name: string): Promise<string[]> {
  const names = await readdir(workPath(store)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  return names.filter((each) => each === name || each.startsWith(`${name}.`));
}

/** Removes all that processes left which worked on a computation. */
export async function removeWork(store: string, name: string): Promise<void> {
  for (const each of await foldersOf(store, name))
    await rm(join(workPath(store), each), { recursive: true, force: true });
}

/**
 * Makes the folder for a holder of the lock, with the state that an earlier one left last.
 * @param name of the computation
 * @param token of the lock
 */
export async function openWorkFolder(store: string, name: string, token: string): Promise<WorkFolder> {
  const folder = join(workPath(store), `${name}.${token.slice(0, 8)}`);
  const [output, measured, state] = [join(folder, 'output'), join(folder, 'measured'), join(folder, 'state')];
  const [last, ...older] = await byAge(store, await foldersOf(store, name));
  if (last !== undefined) await rename(last, folder);
  for (const path of [...older, output, measured]) await rm(path, { recursive: true, force: true });
  for (const path of [output, measured, state]) await mkdir(path, { recursive: true });
  return {
    output,
    measured,
    state,
    finish: () => rm(folder, { recursive: true, force: true }),
    async abandon() {
      for (const path of [output, measured]) await rm(path, { recursive: true, force: true }).catch(() => undefined); // what failed matters more
      await rmdir(state)
        .then(() => rmdir(folder))
        .catch(() => undefined); // where `state` is not empty
    },
  };
}

/** Paths, that whose state was written last first. */
async function byAge(store: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(workPath(store), name);
      const state = await stat(join(path, 'state')).catch(() => undefined);
      return { path, time: state?.mtimeMs ?? 0 };
    }),
  );
  return found.sort((a, b) => b.time - a.time).map(({ path }) => path);
}
