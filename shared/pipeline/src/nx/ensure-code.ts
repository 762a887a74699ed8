/** @file The code that an `nx run` starts: built anew where sources have changed since it was. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { type BuiltCode, findBuiltCode } from '../built-code.ts';

/** @throws UserError where it cannot be built, which the build has printed */
export async function ensureCode(root: string): Promise<BuiltCode> {
  const built = await findBuiltCode({ root });
  if (built !== undefined) return built;
  const script = join('shared', 'pipeline', 'src', 'cli', 'build.ts');
  const { ARROWSMITH_FLAGS: _, ...env } = process.env; // those of an Nx around this are not for the build
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  const made = status === 0 ? await findBuiltCode({ root }) : undefined;
  if (made !== undefined) return made;
  throw new UserError({
    what: 'the code of the stages could not be built',
    where: join(root, script),
    found: status === 0 ? 'sources that change while they are built' : `exit code ${status}`,
    fix: 'mend what it says above, then run the command again',
  });
}
