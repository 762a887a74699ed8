/** @file JSON Lines (jsonlines.org): one object per line, whose field holds a document. */

import { UserError } from '@arrowsmith/errors';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';
import { readPieces } from './pieces.ts';
import { decodeUtf8, isWellFormed } from './utf8.ts';

/**
 * The documents of a JSON Lines file. Blank lines, and documents that are empty or null, are left out.
 *
 * @throws {UserError} with file and line: for what is not UTF-8, not JSON, not an object, or has no string in the field
 */
export function readJsonl(file: CorpusFile, field: string, options: ReadOptions): AsyncGenerator<string[]> {
  return readPieces(
    file,
    Buffer.from('\n'),
    ({ bytes, offset, index }) =>
      parseLine(decodeUtf8(bytes, file.name, offset, options.onInvalidUtf8), field, `${file.name}:${index + 1}`),
    options,
  );
}

function parseLine(line: string, field: string, where: string): string | undefined {
  if (line.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new UserError({
      what: `${where}: not JSON`,
      expected: 'one JSON object per line',
      found: (error as SyntaxError).message,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError({ what: `${where}: not a JSON object`, expected: `an object with the field "${field}"` });
  }
  const text: unknown = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
  if (text === null) return undefined;
  if (typeof text !== 'string') {
    throw new UserError({
      what: `${where}: no text in the field "${field}"`,
      expected: 'a string',
      found: text === undefined ? `the fields ${Object.keys(value).join(', ')}` : `a value of type ${typeof text}`,
      fix: 'set the field of the source to the one that holds the text',
    });
  }
  if (!isWellFormed(text)) {
    throw new UserError({
      what: `${where}: the text is not Unicode`,
      found: 'half of a surrogate pair (an escape from \\ud800 to \\udfff that stands alone)',
    });
  }
  return text || undefined;
}
