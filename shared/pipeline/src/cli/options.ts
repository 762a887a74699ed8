/** @file Options of a command: `--name=value`, and words that stand alone; read from the command line, and told by `--help`. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearest, print, UserError } from '@arrowsmith/errors';
import { commandHelp, commandWords } from './command-help.ts';
import { commandFlags } from './main.ts';

export type ParsedOption = NonNullable<ParseArgsConfig['options']>[string];

/** What a command does, and what it may be told. */
export interface CommandUsage<T extends Record<string, ParsedOption & OptionUsage>> {
  /** As it is called: `runs`. */
  name: string;
  /** What it does, in a sentence or two. */
  description: string;
  options: T;
  /** What follows the command in an example: `--a=latest~1 --b=latest`. */
  example: string;
}

export interface OptionUsage {
  description: string;
  /** What the value is: `run`. */
  value?: string;
  /** What holds without it, as people say it. */
  preset?: string;
  /** It is one of the ways in which the result is shown. */
  shows?: true;
}

/** An option with a value. @param value what it is, e.g. `run` @param preset what holds without it */
export const text = (description: string, value: string, preset?: string) =>
  ({ type: 'string', description, value, ...(preset === undefined ? {} : { preset }) }) as const;

/** An option with a value that may be there several times. */
export const texts = (description: string, value: string) => ({ ...text(description, value), multiple: true }) as const;

/** An option that is there or not. */
export const flag = (description: string) => ({ type: 'boolean', description }) as const;

/** An option for a way in which the result is shown; a command has one result, and shows it in one way. */
export const format = (description: string) => ({ ...flag(description), shows: true }) as const;

/**
 * Reads options; Nx hands on all that it does not know. With `--help` prints what there is, and ends the process.
 * @throws UserError for an unknown option, a missing value, one where there is none, two formats at once, two values of what takes one, or anything
 * that is no option
 */
export function readOptions<T extends Record<string, ParsedOption & OptionUsage>>(
  usage: CommandUsage<T>,
  args: readonly string[] = commandFlags(),
) {
  const { name: command, options } = usage;
  if (args.includes('--help')) {
    print(commandHelp(usage));
    process.exit(0);
  }
  refuseValues(usage, args);
  refuseFormats(usage, args);
  try {
    const { values, tokens } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: false,
      tokens: true,
    });
    refuseRepeats(usage, tokens);
    return values;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const unknown = args.find((arg) => arg.startsWith('--') && !Object.hasOwn(options, arg.slice(2).split('=')[0]!));
    const near = unknown === undefined ? [] : nearest(unknown.slice(2).split('=')[0]!, Object.keys(options));
    const names = Object.entries(options).map(([name, { type }]) => (type === 'boolean' ? `--${name}` : `--${name}=…`));
    throw new UserError(
      {
        what: unknown === undefined ? (error as Error).message.split(/\.(?:\s|$)/)[0]! : `unknown option ${unknown}`,
        where: `nx run pipeline:${command}`,
        expected: names.length === 0 ? 'no options' : names.join(' '),
        fix:
          near.length > 0
            ? `did you mean --${near[0]}?`
            : `for example ${commandWords(command)}${usage.example === '' ? '' : ` ${usage.example}`}`,
      },
      { cause: error },
    );
  }
}

type Usage = CommandUsage<Record<string, ParsedOption & OptionUsage>>;

type Token = { kind: 'option'; name: string; value: string | undefined } | { kind: 'positional' | 'option-terminator' };

/** A format takes no file: that is `--output`, whatever the format. @throws UserError for a value of what is there or not */
function refuseValues({ name: command, options }: Usage, args: readonly string[]): void {
  for (const arg of args) {
    const [, option = '', value = ''] = /^--([^=]+)=([^]*)$/.exec(arg) ?? [];
    if (!Object.hasOwn(options, option) || options[option]!.type !== 'boolean') continue;
    const isFile = options[option]!.shows === true && 'output' in options && !/^(|true|false|[01])$/.test(value);
    throw new UserError({
      what: `--${option} takes no value`,
      where: `nx run pipeline:${command}`,
      expected: isFile ? `--${option}, and the file as --output=<file>` : `--${option}, or nothing`,
      found: arg,
      fix: `${commandWords(command)} --${option}${isFile ? ` --output=${value}` : ''}`,
    });
  }
}

/** @throws UserError for more than one */
function refuseFormats({ name: command, options }: Usage, args: readonly string[]): void {
  const asked = Object.keys(options).filter(
    (option) => options[option]!.shows === true && args.includes(`--${option}`),
  );
  if (asked.length < 2) return;
  throw new UserError({
    what: 'a result is shown in one way',
    where: `nx run pipeline:${command}`,
    expected: asked.map((option) => `--${option}`).join(' or '),
    found: asked.map((option) => `--${option}`).join(' '),
    fix: `${commandWords(command)} --${asked[0]}`,
  });
}

/** The last one would win, and nobody would know. @throws UserError for two values of an option that takes one */
function refuseRepeats({ name: command, options }: Usage, tokens: readonly Token[]): void {
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind !== 'option' || token.value === undefined || options[token.name]!.multiple === true) continue;
    const { name, value } = token;
    const other = values.get(name) ?? value;
    values.set(name, value);
    if (other === value) continue;
    throw new UserError({
      what: `--${name} has two values`,
      where: `nx run pipeline:${command}`,
      expected: `--${name} once`,
      found: `--${name}=${other} --${name}=${value}`,
      fix: 'leave one of them out',
    });
  }
}

/** A whole number of at least `least`, which is 1 where it is left out. @throws UserError */
export function readCount(written: string | undefined, option: string, least = 1): number | undefined {
  if (written === undefined) return undefined;
  const count = /^(0|[1-9]\d*)$/.test(written) ? Number(written) : NaN;
  if (count >= least && Number.isSafeInteger(count)) return count;
  throw new UserError({
    what: `--${option}=${written}`,
    expected: `a whole number of at least ${least}`,
    found: written,
    fix: `for example --${option}=20`,
  });
}
