/** @file An error as lines of a terminal: broken between words, each part in its column, and what is to be copied in one piece. */
import { wrapText } from './wrap-text.ts';

/** What stands before the text of a line: the beginning of an error, the label of a part, or the column of a part that goes on. */
const HEAD = /^(?:error: | {2}(?:where|expected|found|to do): +| *)/;

/** Columns of text at least: where there are fewer, the terminal breaks lines as it likes. */
const LEAST = 20;

/** In place of a space that no line ends at; no text has it, as Unicode leaves it to programs. */
const UNBROKEN = '\uE000';

/**
 * Breaks an error's lines at spaces; what goes on stands under the text that it goes on with. Paths, URLs and commands stay in one line where they fit.
 *
 * @param columns of the terminal
 */
export function wrapFailure(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const [head = ''] = HEAD.exec(line)!;
      const room = columns - head.length;
      if (room < LEAST) return [line];
      return wrapText(joinCommands(line.slice(head.length), room), room).map(
        (piece, i) => `${i === 0 ? head : ' '.repeat(head.length)}${piece.replaceAll(UNBROKEN, ' ')}`,
      );
    })
    .join('\n');
}

/** Text whose commands no line ends within, as far as one line holds each. */
function joinCommands(text: string, room: number): string {
  const parts: string[][] = [];
  const all = text.split(' ');
  for (const [i, word] of all.entries()) {
    const part = parts.at(-1);
    if (part !== undefined && goesOn(part, word, all[i + 1])) part.push(word);
    else parts.push([word]);
  }
  return parts.map((words) => words.join(words.join(' ').length <= room ? UNBROKEN : ' ')).join(' ');
}

/** Whether a word belongs to the command that words before it begin. @param next the word behind it */
function goesOn(words: readonly string[], word: string, next = ''): boolean {
  const [program = ''] = words;
  const before = words.at(-1)!;
  if (!/^\W?(?:npx|npm|node|nx|git|cd)$/.test(program) || word === '') return false;
  if (isQuoteOpen(words.join(' '))) return true;
  if (words.length > 1 && /[,;:.)?]$/.test(before)) return false;
  const isCommandName = words.length === 1 || (program.endsWith('npx') && words.length === 2);
  // A flag, a quotation, a placeholder, or a word that is no English: a path, a target, a value.
  const isArgument = /^[-"'<[]|[/.=:~]\S*\w/.test(word);
  return isCommandName || isArgument || next.startsWith('--') || /^(?:run|help)$/.test(before);
}

/** Whether a quotation has begun that does not end. */
function isQuoteOpen(text: string): boolean {
  let open = '';
  for (const character of text) {
    if (open === '' && (character === '"' || character === "'")) open = character;
    else if (character === open) open = '';
  }
  return open !== '';
}
