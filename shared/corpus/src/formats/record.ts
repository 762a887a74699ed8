/** @file The text of a record: a field of it, which may be nested, or a conversation that is put into one text. */

import { UserError } from '@arrowsmith/errors';
import { conversationText } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import type { OnInvalidUtf8, ReadOptions } from './corpus-file.ts';
import { isWellFormed } from './utf8.ts';

/** Where a record holds its text. */
export interface TextField {
  /** Name of the field; `a.b` is the field `b` of the object in `a`, where there is no field of the name `a.b` itself. */
  field: string;
  /** How to put the turns of a conversation, which the field holds, into one text. */
  conversation?: Conversation | undefined;
}

/**
 * The text of a record. A record that is a string is its own text.
 *
 * @param where its place, for messages
 * @returns undefined for a record without the field, with null in it or with an empty text; `onLeftOut` is told which
 * @throws {UserError} for a record that is no object, a field that holds something else than text, and text with a lone
 *   surrogate, where there is no `onInvalidUtf8`
 */
export function recordText(
  record: unknown,
  { field, conversation }: TextField,
  where: string,
  { onLeftOut, onInvalidUtf8 }: ReadOptions,
): string | undefined {
  const value = isObject(record)
    ? fieldOf(record, field)
    : typeof record === 'string'
      ? record
      : notARecord(where, field);
  if (value === undefined) onLeftOut?.('missing', () => `${where} has ${describeFields(record)}`);
  if (value === null) onLeftOut?.('null');
  if (value === undefined || value === null) return undefined;
  const text =
    conversation === undefined ? plainText(value, field, where, record) : conversationText(value, conversation, where);
  if (text === '') {
    onLeftOut?.('empty');
    return undefined;
  }
  return isWellFormed(text) ? text : withoutSurrogates(text, where, onInvalidUtf8);
}

/** A field by its name or, where there is none, by a path of names with dots between them; undefined where it is missing. */
export function fieldOf(record: object, field: string): unknown {
  if (Object.hasOwn(record, field)) return (record as Record<string, unknown>)[field];
  let value: unknown = record;
  for (const name of field.split('.')) {
    if (value === null) return null;
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function plainText(value: unknown, field: string, where: string, record: unknown): string {
  if (typeof value === 'string') return value;
  const turns = Array.isArray(value) && isObject(value[0]);
  throw new UserError({
    what: `${where}: no text in the field "${field}"`,
    expected: 'a string',
    found: describeType(value),
    fix: turns
      ? 'if these are the turns of a conversation, set conversation: {} in the source; otherwise set its field to one that holds text'
      : `set the field of the source to one that holds text: ${namesOfTexts(record)}`,
  });
}

function notARecord(where: string, field: string): never {
  throw new UserError({ what: `${where}: not a JSON object`, expected: `an object with the field "${field}"` });
}

/** JSON can name halves of surrogate pairs (`"\ud83d"`), which no text has: they are not UTF-8 either. */
function withoutSurrogates(text: string, where: string, onInvalidUtf8?: OnInvalidUtf8): string {
  if (onInvalidUtf8 === undefined) {
    throw new UserError({
      what: `${where}: the text is not Unicode`,
      found: 'half of a surrogate pair (an escape from \\ud800 to \\udfff that stands alone)',
      fix: 'mend the file, or set invalidUtf8: replace in the source',
    });
  }
  let replaced = 0;
  const mended = text.replace(/\p{Surrogate}/gu, () => {
    replaced++;
    return '\ufffd';
  });
  onInvalidUtf8(where, replaced);
  return mended;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Names that a message lists, and characters of each: records may have any number of fields, of any length. */
const LISTED = 12;
const NAME_LENGTH = 40;

/** `the fields id, meta.lang, data.text`, for messages. */
function describeFields(record: unknown): string {
  return listNames(
    paths(record).map(([name]) => name),
    'no fields',
    'the fields ',
  );
}

const namesOfTexts = (record: unknown): string =>
  listNames(
    paths(record).flatMap(([name, value]) => (typeof value === 'string' ? [name] : [])),
    'it has none',
  );

/** Names in one line of bounded length. */
export function listNames(names: readonly string[], none: string, before = ''): string {
  if (names.length === 0) return none;
  const listed = names
    .slice(0, LISTED)
    .map((name) => (name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH)}…` : name));
  return `${before}${listed.join(', ')}${names.length > LISTED ? `, … (${names.length})` : ''}`;
}

/** Names of fields with their values, those of nested objects with dots between them. */
function paths(record: unknown, depth = 0, prefix = ''): [name: string, value: unknown][] {
  if (!isObject(record) || Array.isArray(record)) return [];
  return Object.entries(record).flatMap(([name, value]) => {
    const nested = depth < 3 ? paths(value, depth + 1, `${prefix}${name}.`) : [];
    return nested.length > 0 ? nested : [[`${prefix}${name}`, value] as [string, unknown]];
  });
}

function describeType(value: unknown): string {
  if (Array.isArray(value))
    return `a list of ${value.length}${value.length > 0 ? `, first ${describeType(value[0])}` : ''}`;
  return isObject(value) ? `an object with ${describeFields(value)}` : `a value of type ${typeof value}`;
}
