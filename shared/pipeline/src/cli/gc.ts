/**
 * @file `nx run pipeline:gc`: shows what nothing names any more; `--delete` removes it. What was made or used within the last hour stays, unless
 * `--now` is there, too: a run that is not over may need it.
 */
import { relative } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { print, UserError } from '@arrowsmith/errors';
import { collectGarbage } from '../gc.ts';
import { commandFlags, main } from './main.ts';

const flags = commandFlags();

await main(async (workspace) => {
  const unknown = flags.find((flag) => flag !== '--delete' && flag !== '--now');
  if (unknown !== undefined) {
    throw new UserError({
      what: `gc does not know ${unknown}`,
      expected: '--delete, --now, both or nothing',
      fix: 'npx nx run pipeline:gc --delete',
    });
  }
  const [remove, now] = [flags.includes('--delete'), flags.includes('--now')];
  const { garbage, problems, recent } = await collectGarbage(workspace, { remove, ...(now ? { recentMs: 0 } : {}) });
  for (const { path, bytes, why } of garbage) {
    print(
      `${remove ? 'deleted' : 'would delete'}  ${prettyBytes(bytes).padStart(9)}  ${relative(workspace.root, path)}  (${why})`,
    );
  }
  for (const problem of problems) print(`!! ${problem}`);
  const total = prettyBytes(garbage.reduce((sum, { bytes }) => sum + bytes, 0));
  if (recent.files > 0) {
    const size = prettyBytes(recent.bytes);
    print(`${size} of the last hour are kept, because a run that is not over may need them; --now takes them, too`);
  }
  if (garbage.length > 0)
    print(remove ? `${total} freed` : `${total} would be freed; run it: npx nx run pipeline:gc --delete`);
  else if (recent.files === 0) print('nothing to collect: every blob is named by a pointer or a run');
});
