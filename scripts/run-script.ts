/** @file What scripts have in common that take flags alone: help, unknown flags, and how they end. */
import { print, printFailure } from '@arrowsmith/errors';

/**
 * Runs a script with the flags of the command line, or prints its help.
 *
 * @param flags that it knows beside `--help`, as they are written
 * @param run is given those that are there
 */
export async function runScript(
  { help, flags }: { help: string; flags: readonly string[] },
  run: (asked: ReadonlySet<string>) => Promise<void>,
): Promise<void> {
  const asked = new Set(process.argv.slice(2));
  const unknown = [...asked].find((each) => each !== '--help' && !flags.includes(each));
  if (asked.has('--help')) return print(help);
  if (unknown !== undefined) {
    print(`error: unknown option ${unknown}\n\n${help}`);
    process.exitCode = 1;
    return;
  }
  try {
    await run(asked);
  } catch (error) {
    printFailure(error);
    process.exitCode = 1;
  }
}
