/** @file Options of a command line: `--name=value`, and words that stand alone. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UserError } from '@arrowsmith/errors';
import { commandFlags } from '@arrowsmith/pipeline/cli';
import { nearest } from '../selection/nearest.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** An option with a value. */
export const text = { type: 'string' } as const;

/** An option that is there or not. */
export const flag = { type: 'boolean' } as const;

/**
 * Reads options; Nx hands on all that it does not know.
 * @param command as it is called: `runs`
 * @throws UserError for an unknown option, a missing value, or anything that is no option
 */
export function readOptions<T extends Options>(command: string, options: T, args: readonly string[] = commandFlags()) {
  const names = Object.entries(options).map(([name, { type }]) => (type === 'boolean' ? `--${name}` : `--${name}=…`));
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const unknown = args.find((arg) => arg.startsWith('--') && !Object.hasOwn(options, arg.slice(2).split('=')[0]!));
    const near = unknown === undefined ? [] : nearest(unknown.slice(2).split('=')[0]!, Object.keys(options));
    throw new UserError(
      {
        what: unknown === undefined ? (error as Error).message.split('.')[0]! : `unknown option ${unknown}`,
        where: `nx run pipeline:${command}`,
        expected: names.join(' '),
        fix:
          near.length > 0
            ? `did you mean --${near[0]}?`
            : `npx nx run pipeline:${command} ${names.slice(0, 2).join(' ')}`,
      },
      { cause: error },
    );
  }
}

/** A whole number of at least 1. @throws UserError */
export function readCount(written: string | undefined, option: string): number | undefined {
  if (written === undefined) return undefined;
  if (/^[1-9]\d*$/.test(written)) return Number(written);
  throw new UserError({
    what: `--${option}=${written}`,
    expected: 'a whole number of at least 1',
    found: written,
    fix: `for example --${option}=20`,
  });
}
