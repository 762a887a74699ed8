/** @file `npm run bench -- <name> [--json] [args]`: runs a benchmark of this folder; without a name it lists them. */
import { UserError } from '@arrowsmith/errors';
import { dispatch } from './dispatch.ts';

try {
  await dispatch(process.argv.slice(2), import.meta.dirname);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`\nerror: ${error.message}\n`);
  process.exitCode = 1;
}
