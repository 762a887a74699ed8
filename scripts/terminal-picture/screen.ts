/**
 * @file What a terminal shows of captured output: lines, carriage returns, erased lines, colours. Programs that move the cursor to other
 * lines are not followed.
 */

/** How a character looks. */
export interface Look {
  /** Of the eight colours of terminals, 0 to 7; undefined: the terminal's own. */
  colour: number | undefined;
  bold: boolean;
  dim: boolean;
  inverse: boolean;
}

export interface Cell {
  character: string;
  look: Look;
}

/** Rows of cells; a row is as long as what is written in it. */
export type Screen = readonly (readonly Cell[])[];

const PLAIN: Look = { colour: undefined, bold: false, dim: false, inverse: false };
const TAB = 8;

/** An escape sequence: CSI with parameters and final byte, OSC up to its end, or a single character. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const ESCAPE = /\u001b(?:\[([\d;?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[^[\]])/y;

/**
 * Replays captured output.
 *
 * @param text as a program wrote it, with escape sequences
 * @param columns after which a row goes on in the next one
 * @param moments when a row first matches the first of them, the screen is kept, then the second, and so on
 * @returns the screens of the moments that came, and the one at the end
 */
export function replay(text: string, columns: number, moments: readonly RegExp[] = []): { at: Screen[]; end: Screen } {
  const rows: Cell[][] = [[]];
  const at: Screen[] = [];
  let [column, look] = [0, PLAIN];

  const row = (): Cell[] => rows.at(-1)!;
  const keep = (): void => {
    const moment = moments[at.length];
    if (moment !== undefined && moment.test(textOf(row()))) at.push(rows.map((cells) => [...cells]));
  };
  const newRow = (): void => {
    rows.push([]);
    column = 0;
  };
  const write = (character: string): void => {
    if (column === columns) newRow();
    const cells = row();
    while (cells.length < column) cells.push({ character: ' ', look: PLAIN });
    cells[column++] = { character, look };
  };

  for (let i = 0; i < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(i)!);
    if (character === '\u001b') {
      ESCAPE.lastIndex = i;
      const [all = character, parameters = '', final = ''] = ESCAPE.exec(text) ?? [];
      i += all.length;
      if (final === 'm') look = restyled(look, parameters);
      if (final === 'G') column = Math.min(columns, Math.max(1, Number(parameters) || 1)) - 1;
      if (final === 'K') {
        keep();
        row().length = parameters === '2' ? 0 : Math.min(row().length, column);
      }
      continue;
    }
    i += character.length;
    if (character === '\n' || character === '\r') keep();
    if (character === '\n') newRow();
    else if (character === '\r') column = 0;
    else if (character === '\b') column = Math.max(0, column - 1);
    else if (character === '\t') column = Math.min(columns - 1, (Math.floor(column / TAB) + 1) * TAB);
    else if (character >= ' ' && character !== '\u007f') write(character);
  }
  keep();
  return { at, end: rows };
}

/** The text of a row. */
export function textOf(cells: readonly Cell[]): string {
  return cells.map(({ character }) => character).join('');
}

/** Select Graphic Rendition (ECMA-48, 8.3.117), of which other codes than these change nothing. */
function restyled(look: Look, parameters: string): Look {
  return parameters.split(';').reduce((now, parameter) => {
    const code = Number(parameter);
    if (code === 0) return PLAIN;
    if (code === 1) return { ...now, bold: true };
    if (code === 2) return { ...now, dim: true };
    if (code === 7) return { ...now, inverse: true };
    if (code === 22) return { ...now, bold: false, dim: false };
    if (code === 27) return { ...now, inverse: false };
    if (code === 39) return { ...now, colour: undefined };
    if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return { ...now, colour: code % 10 };
    return now;
  }, look);
}
