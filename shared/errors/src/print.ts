/** @file The one way to the terminal for what commands and stages say: whatever it contains, the terminal only shows it. */
import { inspect } from 'node:util';
import { outputColumns } from './output-columns.ts';
import { printable } from './printable.ts';
import { UserError } from './user-error.ts';
import { wrapFailure } from './wrap-failure.ts';

/** Prints lines to the standard output. */
export function print(text: string): void {
  console.log(printable(text));
}

/** Prints a piece of text to the standard output, as it comes: no line ends but those in it. */
export function printPart(text: string): void {
  process.stdout.write(printable(text));
}

/** Prints lines to the standard error. */
export function printError(text: string): void {
  console.error(printable(text));
}

/**
 * Prints an error: of a {@link UserError} its message, of a defect of the program all that is known of it. In a terminal, lines of a message break between
 * words; elsewhere, as in logs, each part is one line.
 */
export function printFailure(error: unknown): void {
  if (!(error instanceof UserError)) return printError(inspect(error));
  const columns = outputColumns(process.stderr);
  const text = `error: ${error.message}`;
  printError(`\n${columns === undefined ? text : wrapFailure(text, columns)}\n`);
}
