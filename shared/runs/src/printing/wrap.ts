/** @file Text in the columns of a terminal, of which a character may take two or none. */
import stringWidth from 'string-width';
import { printable } from '@arrowsmith/errors';

/** Columns that a text takes in a terminal. Most are ASCII, which needs no tables of Unicode, and all of a comparison is measured several times. */
export const widthOf = (text: string): number => (/^[ -~]*$/.test(text) ? text.length : stringWidth(text));

/** Breaks text into lines of at most `width` columns, at spaces where there are some; its own line breaks stay. */
export function wrapText(text: string, width: number): string[] {
  return printable(text)
    .split('\n')
    .flatMap((paragraph) => {
      if (widthOf(paragraph) <= width) return [paragraph];
      const lines = [''];
      for (const word of paragraph.split(' ')) {
        const line = lines.at(-1)!;
        const longer = line === '' ? word : `${line} ${word}`;
        if (widthOf(longer) <= width) lines[lines.length - 1] = longer;
        else if (line === '') lines.splice(-1, 1, ...inPieces(word, width));
        else lines.push(...inPieces(word, width));
      }
      return lines;
    });
}

/** The beginning of a text, with `…` where it is longer than `width` columns. */
export function cutText(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${inPieces(text, Math.max(1, width - 1))[0]!}…`;
}

function inPieces(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word];
  const pieces = [''];
  for (const character of word) {
    if (widthOf(pieces.at(-1)! + character) > width) pieces.push('');
    pieces[pieces.length - 1] += character;
  }
  return pieces;
}
