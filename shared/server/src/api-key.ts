/** @file The key that clients have to send. */
import { UserError } from '@arrowsmith/errors';

/** What a header can have as a key: a space at an end of it is lost on the way. */
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * The key that an option or the environment gives: the option's, where both do.
 *
 * @param option as it is written on a command line
 * @param variable ARROWSMITH_API_KEY
 * @returns undefined where neither is there, so that no key is needed
 * @throws UserError for one that is there, and is no key, as what an unset variable of a shell leaves is none
 */
export function readApiKey(option: string | undefined, variable: string | undefined): string | undefined {
  if (option !== undefined) return checkedApiKey(option, '--apiKey');
  return variable === undefined ? undefined : checkedApiKey(variable, 'ARROWSMITH_API_KEY');
}

/**
 * @param where it comes from
 * @throws UserError for what no client can send, above all nothing: whoever sends no key would have it
 */
export function checkedApiKey(key: string, where: string): string {
  if (KEY.test(key)) return key;
  throw new UserError({
    what: 'this is no API key',
    where,
    expected: 'printable ASCII characters, without spaces at the ends',
    found: key === '' ? 'nothing' : 'others', // and not the key itself, which would stand in a log
    fix: 'give a key, as openssl rand -hex 16 makes one; leave it out where everybody may ask',
  });
}
