/**
 * @file `nx run pipeline:gc`: shows what nothing names any more; `--delete` removes it. What was made or used within the last hour stays, unless
 * `--now` is there, too: a run that is not over may need it.
 */
import { relative } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { print } from '@arrowsmith/errors';
import { collectGarbage } from '../gc.ts';
import { main } from './main.ts';
import { flag, readOptions } from './options.ts';

await main(async (workspace) => {
  const { delete: remove = false, now = false } = readOptions({
    name: 'gc',
    description: 'Shows what no pointer and no run in the ledger names any more.',
    options: {
      delete: flag('Removes it.'),
      now: flag('Also what was made or used within the last hour, which a run that is not over may need.'),
    },
    example: '--delete',
  });
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
