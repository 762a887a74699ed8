/** @file The state of the sources: commit, and whether files differ from it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A commit of the workspace's sources. */
export interface Revision {
  commit?: string;
  /** Files differ from the commit, or are not in git and not ignored. */
  dirty: boolean;
}

/** What git says about a folder; no commit outside of a repository, without git, or before the first commit. */
export async function readRevision(root: string): Promise<Revision> {
  const git = (...args: string[]) => run('git', ['-C', root, '--no-optional-locks', ...args]);
  try {
    const [{ stdout: commit }, { stdout: changes }] = await Promise.all([
      git('rev-parse', '--verify', 'HEAD'),
      git('status', '--porcelain'),
    ]);
    return { commit: commit.trim(), dirty: changes.trim() !== '' };
  } catch {
    return { dirty: false };
  }
}

/** As one word, to hand it to other processes: `<commit>`, `<commit>-dirty`, or nothing. */
export const formatRevision = ({ commit, dirty }: Revision): string =>
  commit === undefined ? '' : `${commit}${dirty ? '-dirty' : ''}`;

/** Undoes {@link formatRevision}. */
export function parseRevision(word: string): Revision {
  const [commit = '', dirty] = word.split('-');
  return commit === '' ? { dirty: false } : { commit, dirty: dirty !== undefined };
}
