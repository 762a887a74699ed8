import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { printable, printableLine, withoutBidirectionalControls } from './printable.ts';

/** What a terminal would obey, in what someone else wrote. */
const HOSTILE: [what: string, text: string, shown: string][] = [
  ['a colour (CSI)', '\u001b[31mred', '\\u001b[31mred'],
  ['a cleared screen by a C1 control', '\u009b2J\u009b1;1H', '\\u009b2J\\u009b1;1H'],
  [
    'a link to elsewhere (OSC 8)',
    '\u001b]8;;http://evil\u0007here\u001b]8;;\u0007',
    '\\u001b]8;;http://evil\\u0007here\\u001b]8;;\\u0007',
  ],
  ['the clipboard (OSC 52)', '\u001b]52;c;cm0gLXJm\u001b\\', '\\u001b]52;c;cm0gLXJm\\u001b\\'],
  ['a deletion', 'rm\u0008\u0008ls\u007f', 'rm\\u0008\\u0008ls\\u007f'],
  ['text in another order', 'gpj.\u202eexe.cat\u202c \u2066a\u2069', 'gpj.\\u202eexe.cat\\u202c \\u2066a\\u2069'],
  ['other line breaks', 'a\u2028b\u2029c\u0085d\u000be\u000cf', 'a\\u2028b\\u2029c\\u0085d\\u000be\\u000cf'],
  ['a byte that ends strings', 'a\0b', 'a\\u0000b'],
];

/** C0, DELETE and C1; separators of lines and paragraphs; embeddings, overrides and isolates. */
const OBEYED = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
] as const;

const isObeyed = (character: string): boolean =>
  OBEYED.some(([first, last]) => character.codePointAt(0)! >= first && character.codePointAt(0)! <= last);

describe('what a terminal obeys is written out:', () => {
  test.each(HOSTILE)('%s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printableLine(text)).toBe(shown);
  });

  test('a line written over, which within a line is a short escape', () => {
    expect(printable('loss 9.9\rloss 0.1')).toBe('loss 9.9\\u000dloss 0.1');
    expect(printableLine('loss 9.9\rloss 0.1')).toBe('loss 9.9\\rloss 0.1');
  });

  test('whatever the text: nothing is left but printing characters and, in text of several lines, line breaks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([...printable(text)].filter((character) => character !== '\n' && isObeyed(character))).toEqual([]);
        expect([...printableLine(text)].filter(isObeyed)).toEqual([]);
      }),
    );
  });
});

test('text of all languages stays as it is, with what joins and directs its letters', () => {
  for (const text of ['', 'naïve café', 'שלום\u200f עולם', 'سلام\u200cم', '👩‍👩‍👧 日本語', 'a\u00a0b', '\ufffd']) {
    expect(printable(text)).toBe(text);
    expect(printableLine(text)).toBe(text);
  }
});

test('lines stay lines, whatever system ended them, and a tab is four spaces; on one line both are written out', () => {
  expect(printable('a\nb\r\nc\td')).toBe('a\nb\nc    d');
  expect(printableLine('a\nb\r\nc\td')).toBe('a\\nb\\r\\nc\\td');
});

test('JSON stays the same JSON', () => {
  const value = { 'a\u009bb': 'x\u007f\u202e\u2028\u001b\t\n' };
  expect(JSON.parse(printable(JSON.stringify(value, null, 2)))).toEqual(value);
});

test('bidirectional controls alone', () => {
  expect(withoutBidirectionalControls('a\u202eb\u001b\u2067c\u200f')).toBe('a\\u202eb\u001b\\u2067c\u200f');
});
