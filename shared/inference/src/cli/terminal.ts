/** @file What commands that write text share. */

/** Exit code of a program that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** Seeds that are drawn where none is given: short enough to type. */
export const SEEDS = 100_000;

/** Ends the process without a word where its output is no longer read: `| head` has seen enough. */
export function whenOutputEnds(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}
