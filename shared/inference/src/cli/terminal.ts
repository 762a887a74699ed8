/** @file What commands that write text share. */
import { printable, printError } from '@arrowsmith/errors';

/** Exit code of a program that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** Seeds that are drawn where none is given: short enough to type. */
export const SEEDS = 100_000;

/** Ends the process without a word where its output is no longer read: `| head` has seen enough. */
export function whenOutputEnds(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

/** Says something beside the text, on the standard error; dim where colours are shown. */
export function printNote(note: string): void {
  const isDim = process.stderr.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  if (isDim) process.stderr.write(`\u001b[2m${printable(note)}\u001b[0m\n`);
  else printError(note);
}
