/** @file Turns what the operating system says about a full or forbidden disk into an error a person can act on. */
import { statfs } from 'node:fs/promises';
import { relative, isAbsolute } from 'node:path';
import { UserError } from '@arrowsmith/errors';

interface Reason {
  what: string;
  expected: string;
  fix: string;
  /** A store in another place would help too, where it is the store that is concerned. */
  movable?: boolean;
}

const FULL: Omit<Reason, 'what'> = {
  expected: 'free space',
  fix: 'free space (`npx nx run pipeline:gc` shows what can go, with --delete it goes)',
  movable: true,
};
const PERMISSION: Reason = {
  what: 'permission denied',
  expected: 'a file or folder that this user may use',
  fix: 'change its permissions or its owner (chmod, chown)',
  movable: true,
};
const NOT_A_FOLDER: Reason = {
  what: 'a file is where a folder should be',
  expected: 'a folder',
  fix: 'move that file away',
};

/** What a person can mend, by the system's code. */
const REASONS: Record<string, Reason> = {
  ENOSPC: { what: 'the disk is full', ...FULL },
  EDQUOT: { what: 'the disk quota is used up', ...FULL },
  EFBIG: {
    what: 'a file would become larger than is allowed',
    expected: 'no limit on the size of files (ulimit -f), and a file system that knows large ones (FAT ends at 4 GB)',
    fix: 'lift the limit: ulimit -f unlimited',
    movable: true,
  },
  EROFS: {
    what: 'the file system is read-only',
    expected: 'a folder to write to',
    fix: 'make it writable',
    movable: true,
  },
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  ENOTDIR: NOT_A_FOLDER,
  EISDIR: { what: 'a folder is where a file should be', expected: 'a file', fix: 'name another file, or move that folder away' },
  EEXIST: NOT_A_FOLDER,
};

/**
 * @param store the folder that is written to most; where an error of a disk names no path it happened there
 * @returns a UserError for what a person can mend, else the error itself
 */
export async function explainFilesystemError(error: unknown, store: string): Promise<unknown> {
  const { code, path = store, message } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason === undefined || error instanceof UserError) return error;
  const { what, expected, fix, movable = false } = reason;
  const free = expected === FULL.expected ? await freeSpace(store) : '';
  const move = movable && isBelow(store, path) ? ', or set ARROWSMITH_STORE to a folder on another disk' : '';
  return new UserError(
    { what, where: path, expected, found: `${message}${free}`, fix: `${fix}${move}; then run the same command again` },
    { cause: error },
  );
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith('..') && !isAbsolute(way);
}

/** Free space by now: what was half-written is gone already. */
async function freeSpace(folder: string): Promise<string> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk === undefined ? '' : ` (now ${Math.floor((disk.bavail * disk.bsize) / 1e6)} MB free in ${folder})`;
}
