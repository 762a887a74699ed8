/** @file Classes of characters in UTF-8, by which pre-tokenizers cut: letter, number, white space, or symbol. */

/** \p{L} */
export const LETTER = 1;
/** \p{N} */
export const NUMBER = 2;
/** \p{White_Space} */
export const WHITE = 4;
/** Everything else: punctuation, marks, controls, emoji, code points without a character, bytes that are not UTF-8. */
export const SYMBOL = 8;

/** A class, and above these bits the bytes of the character. */
const LENGTH_SHIFT = 4;
const INVALID = SYMBOL | (1 << LENGTH_SHIFT);

/** The class of each ASCII character. */
const ASCII = classesOfBlock(0).subarray(0, 128);

/** Classes in blocks of 256 code points, filled when text first uses them: the engine's regular expressions know Unicode. */
const blocks: (Uint8Array | undefined)[] = Array.from({ length: 0x1100 });

/**
 * The class of the character that begins at `at`, and its length in bytes << 4. A byte that is no part of a well-formed
 * sequence (Unicode 16, table 3-7: no overlong forms, no surrogates) is a symbol by itself, and so is each byte of a sequence that `end` cuts off.
 */
export function characterAt(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return ASCII[lead]! | (1 << LENGTH_SHIFT);
  if (lead < 0xc2 || lead > 0xf4) return INVALID;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > end) return INVALID;
  let codePoint = lead & (0x7f >> length);
  for (let i = at + 1; i < at + length; i++) {
    const byte = bytes[i]!;
    if ((byte & 0xc0) !== 0x80) return INVALID;
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  const overlong = (length === 3 && codePoint < 0x800) || (length === 4 && codePoint < 0x10000);
  if (overlong || codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000)) return INVALID;
  const block = (blocks[codePoint >> 8] ??= classesOfBlock(codePoint >> 8));
  return block[codePoint & 0xff]! | (length << LENGTH_SHIFT);
}

/** Bytes of a character that {@link characterAt} gave. */
export const lengthOf = (character: number): number => character >> LENGTH_SHIFT;

/** The end of the longest run of characters from `at` on that are of one of the classes; `at` where there is none. */
export function endOfRun(bytes: Uint8Array, at: number, end: number, classes: number): number {
  while (at < end) {
    const byte = bytes[at]!;
    if (byte < 0x80) {
      if ((ASCII[byte]! & classes) === 0) return at;
      at++;
    } else {
      const character = characterAt(bytes, at, end);
      if ((character & classes) === 0) return at;
      at += character >> LENGTH_SHIFT;
    }
  }
  return at;
}

function classesOfBlock(block: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, offset) => {
    const character = String.fromCodePoint(block * 256 + offset);
    if (/\p{L}/u.test(character)) return LETTER;
    if (/\p{N}/u.test(character)) return NUMBER;
    return /\p{White_Space}/u.test(character) ? WHITE : SYMBOL;
  });
}
