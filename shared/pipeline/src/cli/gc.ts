/** @file `nx run pipeline:gc`: shows what nothing names any more; `--delete` removes it. */
import { relative } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { print, UserError } from '@arrowsmith/errors';
import { collectGarbage } from '../gc.ts';
import { main } from './main.ts';

const flags = process.argv.slice(2);

await main(async (workspace) => {
  const unknown = flags.find((flag) => flag !== '--delete');
  if (unknown !== undefined) {
    throw new UserError({
      what: `gc does not know ${unknown}`,
      expected: '--delete or nothing',
      fix: 'npx nx run pipeline:gc --delete',
    });
  }
  const remove = flags.includes('--delete');
  const garbage = await collectGarbage(workspace, { remove });
  for (const { path, bytes, why } of garbage) {
    print(
      `${remove ? 'deleted' : 'would delete'}  ${prettyBytes(bytes).padStart(9)}  ${relative(workspace.root, path)}  (${why})`,
    );
  }
  const total = prettyBytes(garbage.reduce((sum, { bytes }) => sum + bytes, 0));
  if (garbage.length === 0) print('nothing to collect: every blob is named by a pointer or a run');
  else print(remove ? `${total} freed` : `${total} would be freed; run it: npx nx run pipeline:gc --delete`);
});
