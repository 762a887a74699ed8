/**
 * @file Text from outside, made printable for a terminal.
 *
 * A terminal obeys what it is sent: an escape sequence (ECMA-48) in a document, a licence, a sample, a note or a file's name may
 * recolour or clear the screen, set the title, write to the clipboard (OSC 52), or show a link to somewhere else (OSC 8). Bidirectional
 * controls (Unicode Annex 9) show text in another order than it has. Here they are written as `\u001b`, which is also how JSON writes
 * them, so that JSON stays the same JSON. Only what is shown is changed, never what is stored.
 */

/** Overrides, embeddings and isolates; marks like U+200F stay, which text in Arabic and Hebrew needs. */
const BIDIRECTIONAL = '\u202a-\u202e\u2066-\u2069';

/** Control characters (C0, DELETE, C1, which some terminals obey like ESC and a letter), separators of lines and what is above. */
const UNPRINTABLE = new RegExp(`[\\p{Control}\u2028\u2029${BIDIRECTIONAL}]`, 'gu');

/** A tab in text: its width depends on the terminal, and tables are aligned without one. */
const TAB = '    ';

/** `\u001b` */
export const escapeCharacter = (character: string): string =>
  `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;

/** Text of several lines: line breaks stay (also those of Windows, as one), tabs become four spaces, the rest of what a terminal obeys is written out. */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', TAB)
    .replaceAll(UNPRINTABLE, (character) => (character === '\n' ? '\n' : escapeCharacter(character)));
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text that stays on its line, such as a name or the cell of a table: line breaks and tabs are written out, too. */
export function printableLine(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => SHORT[character] ?? escapeCharacter(character));
}

/** Bidirectional controls written out, for where other control characters are dealt with already. */
export function withoutBidirectionalControls(text: string): string {
  return text.replaceAll(new RegExp(`[${BIDIRECTIONAL}]`, 'g'), escapeCharacter);
}
