/** @file The line that says which command a command stands for. */
import { printableLine, printError, shellLine } from '@arrowsmith/errors';

/** Says on the standard error, dim where colours are shown, what a person could have typed instead. */
export function say(words: readonly string[]): void {
  const isDim = process.stderr.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const line = printableLine(shellLine(words));
  if (isDim) process.stderr.write(`\u001b[2m${line}\u001b[0m\n`);
  else printError(line);
}
