/** @file The one way to the terminal for what commands and stages say: whatever it contains, the terminal only shows it. */
import { inspect } from 'node:util';
import { printable } from './printable.ts';
import { UserError } from './user-error.ts';

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

/** Prints an error: of a {@link UserError} its message, of a defect of the program all that is known of it. */
export function printFailure(error: unknown): void {
  printError(error instanceof UserError ? `\nerror: ${error.message}\n` : inspect(error));
}
