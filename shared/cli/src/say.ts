/** @file The line that says which command a command stands for. */
import { printError, printableLine } from '@arrowsmith/errors';
import { shellLine } from './command-line.ts';

/** Says on the standard error, dim where colours are shown, what a person could have typed instead. */
export function say(words: readonly string[]): void {
  const isDim = process.stderr.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const line = printableLine(shellLine(words));
  if (isDim) process.stderr.write(`\u001b[2m${line}\u001b[0m\n`);
  else printError(line);
}
