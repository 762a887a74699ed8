/** @file The one error class for everything a person can put right. */
import { printable } from './printable.ts';

/** The parts of an error message; each is a sentence fragment without a final full stop. */
export interface UserErrorParts {
  /** What went wrong, in one line: `pipelines/x.yaml: unknown parameter "stpes"`. */
  what: string;
  /** What would have been right. */
  expected?: string;
  /** What was there instead. */
  found?: string;
  /** File (with line), URL, tensor, parameter … where it happened. */
  where?: string;
  /** What to do next, as a command where there is one. */
  fix?: string;
}

/**
 * An error that a person caused or can mend: bad input, a missing file, a full disk. Command lines print its message without
 * a stack trace and exit with code 1; anything else that is thrown is a defect of the program and keeps its stack.
 *
 * Its message is printable: whoever prints it, Nx for instance, sends the terminal nothing that it obeys. `parts` are as they were given.
 */
export class UserError extends Error {
  readonly parts: UserErrorParts;

  constructor(parts: UserErrorParts, options?: ErrorOptions) {
    super(formatParts(parts), options);
    this.name = 'UserError';
    this.parts = parts;
  }
}

/** Where a part begins, and where its further lines do: none of them can pass for another part. */
const INDENT = ' '.repeat('  expected:  '.length);

function formatParts({ what, where, expected, found, fix }: UserErrorParts): string {
  const part = (label: string, text: string): string => {
    const [first = '', ...rest] = printable(text).split('\n');
    return [
      `  ${`${label}:`.padEnd(INDENT.length - 2)}${first}`,
      ...rest.map((line) => (line.startsWith(INDENT) ? line : INDENT + line)),
    ].join('\n');
  };
  const lines = [printable(what)];
  if (where !== undefined) lines.push(part('where', where));
  if (expected !== undefined) lines.push(part('expected', expected));
  if (found !== undefined) lines.push(part('found', found));
  if (fix !== undefined) lines.push(part('to do', fix));
  return lines.join('\n');
}
