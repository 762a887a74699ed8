/** @file The `added_tokens` section of tokenizer.json. */

import type { AddedToken } from './model.ts';
import { damaged, isRecord, shown, unsupported } from './tokenizer-json-errors.ts';

/** An added token, special or not. */
export type FileToken = AddedToken & { special: boolean };

/** Published tokenizers have some thousands at most; many more would take minutes in each stage that reads them. */
const MOST_ADDED = 2 ** 17;

/**
 * The tokens in ascending order of id. Checked by hand, as there may be many.
 *
 * @throws UserError where a member is missing or of another type, or there are too many.
 */
export function readAddedTokens(section: readonly unknown[], where: string): FileToken[] {
  if (section.length > MOST_ADDED) {
    throw unsupported(`${section.length} added_tokens; at most ${MOST_ADDED} are supported`, where);
  }
  const tokens = section.map((token, index) => readToken(token, `added_tokens[${index}]`, where));
  tokens.sort((a, b) => a.id - b.id);
  // Saying the same twice does no harm; the last counts.
  return tokens.filter(({ id, content }, i) => tokens[i + 1]?.id !== id || tokens[i + 1]?.content !== content);
}

function readToken(token: unknown, path: string, where: string): FileToken {
  if (!isRecord(token)) throw damaged(`${path}: an object`, shown(token), where);
  const { id, content } = token;
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
    throw damaged(`${path}.id: an id from 0 on`, shown(id), where);
  }
  if (typeof content !== 'string' || content === '' || /\p{Surrogate}/u.test(content)) {
    throw damaged(`${path}.content: a text that is not empty`, shown(content), where);
  }
  const flag = (name: string, byDefault: boolean): boolean => {
    const value = token[name] ?? byDefault;
    if (typeof value !== 'boolean') throw damaged(`${path}.${name}: true or false`, shown(value), where);
    return value;
  };
  const special = flag('special', false);
  const read: { -readonly [key in keyof FileToken]: FileToken[key] } = { id, content, special };
  if (flag('normalized', !special)) read.normalized = true;
  if (flag('single_word', false)) read.singleWord = true;
  if (flag('lstrip', false)) read.lstrip = true;
  if (flag('rstrip', false)) read.rstrip = true;
  return read;
}
