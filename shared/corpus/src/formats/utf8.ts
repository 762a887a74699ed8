/** @file UTF-8 decoding: a byte that is none is an error that says where it is, or is replaced and reported. */

import { isUtf8 } from 'node:buffer';
import { UserError } from '@arrowsmith/errors';
import type { OnInvalidUtf8 } from './corpus-file.ts';

/**
 * @param bytes text as the Unicode Standard defines UTF-8 (section 3.9, table 3-7)
 * @param name of the file, for the message
 * @param offset of the first of the bytes in the file
 * @param onInvalid is told of replacements: one U+FFFD for each maximal part of a character, as the Unicode Standard
 *   recommends (section 3.9, "U+FFFD Substitution of Maximal Subparts")
 * @throws {UserError} naming the first byte that is not UTF-8, where there is no `onInvalid`
 */
export function decodeUtf8(bytes: Buffer, name: string, offset: number, onInvalid?: OnInvalidUtf8): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const at = firstInvalid(bytes);
  if (onInvalid) {
    const text = bytes.toString('utf8');
    onInvalid(`${name}, byte ${offset + at}`, occurrences(text, '\ufffd') - occurrences(bytes, '\ufffd'));
    return text;
  }
  throw new UserError({
    what: `${name}: not UTF-8`,
    where: `${name}, byte ${offset + at}`,
    found: `the byte 0x${bytes[at]!.toString(16).padStart(2, '0')}, which is not part of a UTF-8 character there`,
    fix: 'convert the file to UTF-8, for example with: iconv -f <its encoding> -t utf-8; or set invalidUtf8: replace in the source',
  });
}

/** How often a character stands in a text, decoded or in UTF-8. */
function occurrences(text: string | Buffer, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) found++;
  return found;
}

/** Index of the first byte that does not begin or continue a well-formed character. */
function firstInvalid(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = bytes.subarray(at, at + length);
    if (character.length < length || !isUtf8(character)) return at;
    at += length;
  }
  return at;
}

/** Whether a string can be written as UTF-8: JSON can name halves of surrogate pairs (`"\ud83d"`), which no text has. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
