/** @file JSON: one value per line (JSON Lines, jsonlines.org), or arrays and objects over any lines, as records of documents. */

import { UserError } from '@arrowsmith/errors';
import { readHead } from './byte-source.ts';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';
import { readJsonValues } from './json-values.ts';
import { readPieces } from './pieces.ts';
import { recordText } from './record.ts';
import type { TextField } from './record.ts';
import { decodeUtf8 } from './utf8.ts';

/** Enough of a file to see whether its first line is a value of its own. */
const HEAD_BYTES = 2 ** 16;

/**
 * The documents of a JSON file: the text of each line that holds an object, or of each element of an array, or of each of
 * several objects that go over any number of lines. Blank lines count for nothing; records that lack the field, or have null
 * or an empty text there, are left out and told.
 *
 * NaN, Infinity and -Infinity, which are not JSON but written by Python, are read as null.
 *
 * @throws {UserError} with file and line: for what is not UTF-8, not JSON, no object, or has something else than text in the
 *   field
 */
export async function* readJson(file: CorpusFile, field: TextField, options: ReadOptions): AsyncGenerator<string[]> {
  const head = (await readHead(file, HEAD_BYTES, options.signal)).toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
  const read = isOverLines(head) ? readJsonValues : readLines;
  yield* read(
    file,
    (bytes, offset, where) => {
      const text = decodeUtf8(bytes, file.name, offset, options.onInvalidUtf8);
      return text.trim() === '' ? undefined : recordText(parseJson(text, where), field, where, options);
    },
    options,
  );
}

/** Makes a document of the bytes of a value. */
export type ValueText = (bytes: Buffer, offset: number, where: string) => string | undefined;

function readLines(file: CorpusFile, map: ValueText, options: ReadOptions): AsyncGenerator<string[]> {
  return readPieces(
    file,
    Buffer.from('\n'),
    ({ bytes, offset, index }) => map(bytes, offset, `${file.name}:${index + 1}`),
    options,
  );
}

/** Whether a file's first value is an array, or an object that goes on after its first line. */
export function isOverLines(head: string): boolean {
  const start = head.trimStart();
  if (start.startsWith('[')) return true;
  // An object that is printed over lines leaves its first line open, or has its end, or the next field, on the second.
  return /^\{([^\n]*[,[{:])?[ \t]*\r?\n/.test(start) || /^\{[^\n]*\n\s*[}\],]/.test(start);
}

/** Parses JSON, and the constants that Python's json.dumps writes where JSON has no number. */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mended = withoutConstants(text);
    if (mended !== undefined) {
      try {
        return JSON.parse(mended);
      } catch {
        // The first error is about the text as it is.
      }
    }
    throw new UserError({
      what: `${where}: not JSON`,
      expected: 'one JSON object per line, or an array of objects',
      found: (error as SyntaxError).message,
      fix: 'mend the file, or correct the format of the source',
    });
  }
}

/** The text with null for each NaN, Infinity and -Infinity outside of strings; undefined where there is none. */
function withoutConstants(text: string): string | undefined {
  if (!/NaN|Infinity/.test(text)) return undefined;
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at);
    const outside = text.slice(at, quote === -1 ? text.length : quote);
    parts.push(outside.replace(/-?Infinity|NaN/g, 'null'));
    if (quote === -1) break;
    const end = endOfString(text, quote);
    parts.push(text.slice(quote, end));
    at = end;
  }
  return parts.join('');
}

/** The index behind the quotation mark that ends the string which begins at `quote`. */
function endOfString(text: string, quote: number): number {
  for (let at = text.indexOf('"', quote + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return text.length;
}
