/** @file `npm run terminal-picture`: captured output of a terminal becomes a picture, as in the README. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { print, printFailure, UserError } from '@arrowsmith/errors';
import { replay, type Screen, textOf } from './terminal-picture/screen.ts';
import { picture } from './terminal-picture/svg.ts';

const HELP = `npm run terminal-picture -- CAPTURE --output=FILE.svg [--moment=PATTERN …]

  --moment=PATTERN  show the screen when a line first matches this regular expression; several follow each other. Default: the end
  --end             show the end after the moments, too
  --columns=N       width of the terminal that was captured; default 100
  --rows=N          rows to show, the last of each screen; default 16
  --command=TEXT    the command, shown on top
  --title=TEXT      what the picture shows, for people who do not see it

A capture is what a program wrote, escape sequences included. On Linux:

  script -qfc 'stty cols 100 rows 50; npx arrowsmith run tinystories' capture.txt
  npm run terminal-picture -- capture.txt --output=docs/images/terminal.svg --rows=13 \\
    --command='npx arrowsmith run tinystories' --moment='^train .* 7%' --moment='^train .* 99%'`;

/** The command line as a row of the picture, and an empty one. */
function commandRows(command: string): Screen {
  const look = { colour: undefined, bold: true, dim: false, inverse: false };
  return [Array.from(`$ ${command}`, (character) => ({ character, look })), []];
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      output: { type: 'string' },
      moment: { type: 'string', multiple: true, default: [] },
      end: { type: 'boolean', default: false },
      columns: { type: 'string', default: '100' },
      rows: { type: 'string', default: '16' },
      command: { type: 'string' },
      title: { type: 'string', default: 'Output in a terminal' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(HELP);
  const [capture] = positionals;
  const [columns, rows] = [Number(values.columns), Number(values.rows)];
  if (capture === undefined || values.output === undefined || !(columns > 0) || !(rows > 0)) {
    throw new UserError({
      what: 'a picture needs a capture, an output, and columns and rows above 0',
      found: process.argv.slice(2).join(' ') || 'nothing',
      fix: 'npm run terminal-picture -- --help',
    });
  }
  const { at, end } = replay(await readFile(capture, 'utf8'), columns, values.moment.map(patternOf));
  const missing = values.moment[at.length];
  if (missing !== undefined) {
    throw new UserError({
      what: `no line of the capture matches ${missing}`,
      where: capture,
      expected: at.length === 0 ? 'one that does' : `one that does, after ${values.moment[at.length - 1]}`,
      fix: 'choose another --moment',
    });
  }
  const screens = values.end || at.length === 0 ? [...at, end] : at;
  const trimmed = screens.map((screen) => lastRows(screen, rows));
  const top = values.command === undefined ? [] : commandRows(values.command);
  const svg = picture(
    trimmed.map((screen) => [...top, ...screen]),
    { columns, rows: rows + top.length, title: values.title },
  );
  await writeFile(values.output, svg);
  print(`${values.output}: ${screens.length === 1 ? 'a still' : `${screens.length} moments`}, ${svg.length} bytes`);
}

/** The last rows, without empty ones below; filled from above, so that the last row stays where it is. */
function lastRows(screen: Screen, rows: number): Screen {
  const length = screen.findLastIndex((cells) => textOf(cells).trim() !== '') + 1;
  const last = screen.slice(Math.max(0, length - rows), length);
  return [...Array.from({ length: rows - last.length }, () => []), ...last];
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new UserError({
      what: `--moment=${text} is no regular expression`,
      found: (error as Error).message,
      fix: '--moment="^train .* 50%"',
    });
  }
}

try {
  await main();
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
