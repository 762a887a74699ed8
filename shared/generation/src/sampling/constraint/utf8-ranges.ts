/** @file The bytes of ranges of characters. */
import type { CodePoints } from './expression.ts';

/** Bytes from `first` to `last`. */
export type ByteRange = readonly [first: number, last: number];

/** The last code point of each length in UTF-8; surrogates lie between two ranges of three bytes. */
const SPANS: readonly CodePoints[] = [
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];

const UTF8 = new TextEncoder();

/**
 * Sequences of byte ranges that match exactly the UTF-8 of a range of characters, after Russ Cox
 * (https://swtch.com/~rsc/regexp/regexp3.html).
 */
export function utf8Ranges([first, last]: CodePoints): ByteRange[][] {
  return SPANS.flatMap(([from, to]) => rangesWithin(Math.max(first, from), Math.min(last, to)));
}

/** Of characters that are equally long. */
function rangesWithin(first: number, last: number): ByteRange[][] {
  if (first > last) return [];
  // Where a leading byte differs, all bytes behind it must have their full range.
  for (let bits = 6; first >> bits !== last >> bits && bits < 24; bits += 6) {
    const trailing = (1 << bits) - 1;
    if ((first & trailing) !== 0) return rangesUpTo(first, first | trailing, last);
    if ((last & trailing) !== trailing) return rangesUpTo(first, (last & ~trailing) - 1, last);
  }
  const [least, greatest] = [first, last].map((each) => UTF8.encode(String.fromCodePoint(each)));
  return [Array.from(least ?? [], (byte, i) => [byte, greatest?.[i] ?? byte])];
}

function rangesUpTo(first: number, middle: number, last: number): ByteRange[][] {
  return [...rangesWithin(first, middle), ...rangesWithin(middle + 1, last)];
}
