/** @file UTF-8 and the strings of JavaScript. */

import { characterAt, lengthOf, SYMBOL } from './character-classes.ts';

/** Encodes strings. */
export const UTF8 = new TextEncoder();

/** What {@link characterAt} gives for a byte that is no part of a well-formed sequence. */
const REPLACEMENT = '\ufffd';

/** The text `bytes[start ... end - 1]`, or undefined where it is not UTF-8. */
export function utf8OrUndefined(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** A text as a string, whose places lead back to its bytes. */
export interface PlacedText {
  text: string;
  /** The byte at which the code unit `index` begins; to be asked in ascending order, or of `text.length`. */
  byteAt: (index: number) => number;
}

/** Decodes `bytes[start ... end - 1]`; each byte that is not UTF-8 becomes U+FFFD. */
export function placedText(bytes: Uint8Array, start: number, end: number): PlacedText {
  const text = utf8OrUndefined(bytes, start, end);
  if (text === undefined) return placedDamagedText(bytes, start, end);
  let [index, at] = [0, start];
  return {
    text,
    byteAt(wanted) {
      for (; index < wanted; index++) {
        const unit = text.charCodeAt(index);
        // A surrogate is two of the four bytes of its pair.
        at += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
      }
      return at;
    },
  };
}

function placedDamagedText(bytes: Uint8Array, start: number, end: number): PlacedText {
  const places: number[] = [];
  let text = '';
  for (let at = start; at < end;) {
    const character = characterAt(bytes, at, end);
    const length = lengthOf(character);
    const isByte = length === 1 && bytes[at]! >= 0x80 && (character & SYMBOL) !== 0;
    const decoded = isByte ? REPLACEMENT : utf8OrUndefined(bytes, at, at + length)!;
    text += decoded;
    for (let i = 0; i < decoded.length; i++) places.push(at);
    at += length;
  }
  places.push(end);
  return { text, byteAt: (index) => places[index]! };
}
