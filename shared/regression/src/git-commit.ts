/** @file The commit that is checked out. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The commit's hash, with `+` where what decides a result differs from it; undefined without git. */
export async function gitCommit(root: string): Promise<string | undefined> {
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: root });
  try {
    const { stdout: hash } = await git('rev-parse', 'HEAD');
    const { stdout: changes } = await git(
      'status',
      '--porcelain',
      '--',
      'shared',
      'stages',
      'pipelines/*.yaml',
      'package-lock.json',
    );
    return `${hash.trim()}${changes === '' ? '' : '+'}`;
  } catch {
    return undefined; // no git here, or no repository
  }
}
