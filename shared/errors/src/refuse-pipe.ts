/** @file Names of files that are pipes or devices: whoever opens one waits for what may never come, or reads what never ends. */
import { statSync } from 'node:fs';
import { UserError } from './user-error.ts';

/**
 * Looks at a file before it is opened; links are followed. One that is not there, and a folder, are left to whoever opens it.
 *
 * @throws UserError for a pipe, a socket or a device
 */
export function refusePipe(path: string): void {
  const stats = statOf(path);
  if (stats === undefined || stats.isFile() || stats.isDirectory()) return;
  throw new UserError({
    what: `cannot read ${path}`,
    expected: 'a file',
    found: 'a pipe or a device',
    fix: 'put the file itself there, or a link to it',
  });
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // whoever opens it says why
  }
}
