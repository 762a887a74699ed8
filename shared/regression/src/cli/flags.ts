/** @file The flags of `pipeline:baseline` and `pipeline:regression`. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UserError } from '@arrowsmith/errors';

/** The pipeline that is made for the gate. */
export const CI_PIPELINE = 'ci';

/** @throws UserError for a flag that the command does not know, naming those that it does */
export function readFlags<T extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  args: string[],
  options: T,
) {
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (cause) {
    const known = Object.entries(options).map(([name, { type }]) => `--${name}${type === 'boolean' ? '' : '=…'}`);
    const what = `${command}: ${(cause as Error).message.split('. ')[0]}`;
    throw new UserError(
      { what, expected: known.join(', '), fix: `for example npx nx run pipeline:${command} --pipeline=${CI_PIPELINE}` },
      { cause },
    );
  }
}

/** @throws UserError when the text is no whole number from `least` */
export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UserError({
    what: `--${flag}=${text} is not understood`,
    expected: `a whole number from ${least}`,
    found: text,
    fix: `for example --${flag}=12`,
  });
}
