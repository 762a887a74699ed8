/** @file The values of a JSON file that is not one value per line: elements of an array, or objects one after the other. */

import { UserError } from '@arrowsmith/errors';
import { BYTE_ORDER_MARK, openBytes, READ_BYTES } from './byte-source.ts';
import { MAX_DOCUMENT_BYTES } from './corpus-file.ts';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';

/**
 * Finds where the values of a file begin and end, by its brackets and strings (RFC 8259), and maps each: the elements of an
 * array at its top, or the values that stand there one after the other. Memory is bounded by the longest value. What stands
 * between a value's ends is left to `map` to parse. A value that is cut is left out.
 *
 * @param map bytes of a value, which are only valid until it returns, their offset in the file, and the place for messages
 * @returns batches of mapped values, one per read
 * @throws {UserError} for brackets that do not fit, what follows an array, a value of more than 256 MiB, and an early end
 */
export async function* readJsonValues<T>(
  file: CorpusFile,
  map: (bytes: Buffer, offset: number, where: string) => T | undefined,
  options: ReadOptions,
): AsyncGenerator<T[]> {
  const source = await openBytes(file, options);
  const scan = valueScanner((line, what) => malformed(`${file.name}:${line}`, what));
  try {
    let buffer = Buffer.allocUnsafe(READ_BYTES);
    let start = 0; // of the value in the buffer that is not complete, or of what was not scanned
    let end = 0;
    let position = 0; // in the file, of buffer[end]
    for (;;) {
      options.signal?.throwIfAborted();
      buffer.copyWithin(0, start, end);
      end -= start;
      const scanned = scan.pending() ? end : 0;
      if (end === buffer.length) {
        if (end >= MAX_DOCUMENT_BYTES) throw tooLong(file, position - end);
        buffer = Buffer.concat([buffer], 2 * end);
      }
      const atStart = position === 0;
      const read = await source.read(buffer, end, Math.min(READ_BYTES, buffer.length - end));
      end += read;
      position += read;
      const marked = atStart && buffer.subarray(0, end).indexOf(BYTE_ORDER_MARK) === 0;

      const batch: T[] = [];
      const view = buffer.subarray(0, end);
      const take = (from: number, to: number, line: number): void => {
        const mapped = map(view.subarray(from, to), position - end + from, `${file.name}:${line}`);
        if (mapped !== undefined) batch.push(mapped);
      };
      start = scan.bytes(view, marked ? BYTE_ORDER_MARK.length : scanned, take);
      if (read === 0 && !file.cut) scan.end(view, take);
      if (batch.length > 0) yield batch;
      if (read === 0) return;
    }
  } finally {
    await source.close();
  }
}

const [QUOTE, BACKSLASH, COMMA, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, LINE_FEED] = [...'"\\,[]{}\n'].map(
  (character) => character.charCodeAt(0),
);

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Told of each value: where it lies in the bytes, and the line on which it begins. */
type Take = (from: number, to: number, line: number) => void;

/** What is known of the bytes so far, as they come in parts. */
function valueScanner(fail: (line: number, what: string) => UserError) {
  let start = -1; // of the current value; -1 between two values
  let startLine = 1;
  let line = 1;
  let depth = 0; // of brackets
  let top = -1; // depth at which values lie: 1 in an array, 0 without one, -1 while it is not known
  let inString = false;
  let afterComma = false;
  let closed = false;

  /** Whether a value has begun and not ended. */
  const pending = (): boolean => start !== -1;

  /** Scans on from `at`. @returns where the value begins that is not complete; the length where there is none */
  const bytes = (view: Buffer, at: number, take: Take): number => {
    if (pending()) start = 0;
    const ends = (to: number): void => {
      take(start, to, startLine);
      start = -1;
    };
    while (at < view.length) {
      if (inString) {
        const quote = view.indexOf(QUOTE!, at);
        at = quote === -1 ? view.length : quote + 1;
        if (quote !== -1 && !isEscaped(view, quote)) inString = false;
        if (!inString && depth === 0) ends(at);
        continue;
      }
      const byte = view[at]!;
      if (byte === LINE_FEED) line++;
      if (isSpace(byte)) {
        // A number or a constant outside of an array ends where a space follows it.
        if (pending() && depth === 0) ends(at);
        at++;
        continue;
      }
      if (closed) throw fail(line, 'something follows the end of the array');
      if (top === -1) top = byte === OPEN_ARRAY ? 1 : 0;
      if (top === 1 && depth === 0) {
        depth = 1;
        at++;
        continue;
      }
      if (top === 1 && depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY)) {
        if (pending()) ends(at);
        else if (byte === COMMA || afterComma) throw fail(line, 'an element of the array is missing before this');
        afterComma = byte === COMMA;
        closed = byte === CLOSE_ARRAY;
        at++;
        continue;
      }
      if (!pending()) [start, startLine] = [at, line];
      at++;
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth--;
        if (depth < top) throw fail(line, 'a bracket is closed that was not opened');
        if (depth === 0) ends(at);
      }
    }
    return pending() ? start : view.length;
  };

  /** Takes the last value, which nothing follows. */
  const end = (view: Buffer, take: Take): void => {
    if (pending() && depth === 0 && !inString) take(start, view.length, startLine);
    else if (pending()) throw fail(startLine, 'the file ends within the value that begins here');
    else if (top === 1 && !closed) throw fail(line, 'the file ends within the array');
  };
  return { pending, bytes, end };
}

/** Whether the quotation mark at `quote` has an odd number of backslashes before it. */
function isEscaped(view: Buffer, quote: number): boolean {
  let backslashes = 0;
  while (view[quote - 1 - backslashes] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function malformed(where: string, what: string): UserError {
  return new UserError({
    what: `${where}: not JSON: ${what}`,
    expected: 'one array of objects, or objects one after the other',
    fix: 'fetch or write the file again; jq -c .[] makes one object per line of an array',
  });
}

function tooLong(file: CorpusFile, offset: number): UserError {
  return new UserError({
    what: `${file.name}: a value is too long`,
    where: `${file.name}, from byte ${offset}`,
    expected: `its end within ${MAX_DOCUMENT_BYTES} bytes`,
    fix: 'check the format of the source',
  });
}
