/**
 * @file The last line of a terminal, which changes while work goes on; other lines are printed above it.
 *
 * Under Nx a stage writes into a pipe. Nx passes on what it reads as it is, so that a terminal at the other end shows a line that redraws itself;
 * whether there is one, and how wide, the Nx plugin says by ARROWSMITH_TERMINAL.
 */
import { type Output, outputColumns } from '@arrowsmith/errors';

const CLEAR = '\r\u001b[K';

/** Where lines go. */
export interface LiveOutput extends Output {
  write(text: string): unknown;
}

/** Columns of the terminal that shows an output; undefined where none does, or one that cannot redraw a line (TERM=dumb). */
export function terminalColumns(
  output: LiveOutput = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): number | undefined {
  return env['TERM'] === 'dumb' ? undefined : outputColumns(output, env);
}

/** Whether the terminal shows more than ASCII, as its locale says. */
export function showsUnicode(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale) || ((platform === 'darwin' || platform === 'win32') && locale === '');
}

/** The line that is there now, by output. */
const shown = new WeakMap<LiveOutput, string>();

/** Shows a line in place of the one before, cut where the terminal ends, so that it never becomes two. */
export function showLine(text: string, columns: number, output: LiveOutput = process.stdout): void {
  const line = text.slice(0, Math.max(1, columns - 1));
  shown.set(output, line);
  output.write(`${CLEAR}${line}`);
}

/** Removes the line. */
export function clearLine(output: LiveOutput = process.stdout): void {
  if (shown.delete(output)) output.write(CLEAR);
}

/** Lets something print above the line, which stays the last. */
export function printAbove(print: () => void, output: LiveOutput = process.stdout): void {
  const line = shown.get(output);
  if (line !== undefined) output.write(CLEAR);
  print();
  if (line !== undefined) output.write(`${CLEAR}${line}`); // with what tells who passes it on that it will change
}
