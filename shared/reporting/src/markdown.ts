/**
 * @file Markdown as a template, as GitHub shows it in comments and step summaries: everything that goes in is escaped, unless it is Markdown
 * already.
 *
 * Text from outside (a sample, a note, a name) must come out as the same text: no markup, no picture, no HTML, no row of a table, and no
 * `@mention` or link, which reach people and lead away. What means something to CommonMark (https://spec.commonmark.org/0.31.2/, sections
 * 2.4 and 2.5) and its tables becomes a numeric character reference, which is never markup, within HTML either. Mentions, references and
 * addresses are found in the text of the finished page, where references help nothing: a word joiner (U+2060, not seen) parts them.
 */
import { printable, printableLine } from '@arrowsmith/errors';

/** Markdown that needs no escaping; within a line, or of several lines. */
export class Markdown {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text is escaped, lists are joined, `undefined` and `false` are nothing. */
export type Child = Markdown | string | number | undefined | false | readonly Child[];

/** `` markdown`- **${label}**: ${text}` `` */
export function markdown(strings: TemplateStringsArray, ...children: readonly Child[]): Markdown {
  return new Markdown(String.raw({ raw: strings }, ...children.map(render)));
}

function render(child: Child): string {
  if (child === undefined || child === false) return '';
  if (child instanceof Markdown) return child.text;
  if (typeof child === 'object') return child.map(render).join('');
  return escapeMarkdown(String(child));
}

const reference = (character: string): string => `&#${character.codePointAt(0)!};`;

const WORD_JOINER = '\u2060';

/**
 * Text for a line of Markdown, the cell of a table, or HTML within Markdown. Line breaks become `<br>`, spaces at the beginning of a line
 * stay, and what a terminal or a reader is misled by (control characters, text in another order) is written out as `\u001b`.
 */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replaceAll(/@(?=\w)|#(?=\d)|GH-(?=\d)|:(?=\/\/)|www(?=\.)/gi, (found) => found + WORD_JOINER)
    .replaceAll(/[&<>`*_~[\]\\|$#]/g, reference)
    .replace(/^[-+=]|(?<=^\d{1,9})[.)]/, reference) // the beginning of a list, or the underline of a heading
    .replaceAll(/^ +/gm, (spaces) => '&nbsp;'.repeat(spaces.length))
    .replaceAll('\n', '<br>');
}

/** A name, number or command in the type of code, in which nothing is markup and from which it can be copied. */
export function code(text: string): Markdown {
  const line = printableLine(text);
  const isPlain = line.trim() === line && !/[`|]/.test(line); // a pipe ends a cell even in code, and escaped it is seen outside of tables
  return line === '' ? new Markdown('') : isPlain ? new Markdown(`\`${line}\``) : markdown`<code>${line}</code>`;
}

/** A column of a table: its title, and how its cells stand. */
export interface Column {
  title: Child;
  align?: 'right' | undefined;
}

/** The lines of a table. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly Child[])[]): string[] {
  const line = (cells: readonly Child[]): string => `| ${cells.map(render).join(' | ')} |`;
  const rule = `| ${columns.map(({ align }) => (align === 'right' ? '---:' : '---')).join(' | ')} |`;
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line)];
}
