/**
 * @file A pipeline file as YAML, read so that no file can stop what reads all of them: every `nx` command does. Size, depth and aliases have
 * limits far above what parameters need, keys are text, and whatever is wrong is said with file and line.
 */
import { readFileSync, statSync } from 'node:fs';
import {
  Composer,
  type CST,
  Document,
  isAlias,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  visit,
} from 'yaml';
import { printableLine, UserError } from '@arrowsmith/errors';

/** A file holds parameters, no data: the largest that comes with the project has 3 kB. */
const MAXIMUM_BYTES = 64 * 1024;

/** Characters with a value written out wherever an alias stands for it: ten lines of aliases of aliases stand for 10¹⁰ values. */
const MAXIMUM_EXPANDED = 1024 * 1024;

const MAXIMUM_ALIASES = 1000;

const MAXIMUM_DEPTH = 50;

/** One YAML file, with what is needed to say where something stands in it. */
export interface YamlFile {
  /** Relative to the workspace's root. */
  file: string;
  document: Document;
  lines: LineCounter;
  content: unknown;
}

/**
 * Reads a file as YAML 1.2.
 * @param path of the file
 * @param file what messages call it
 * @throws UserError for what is no readable file of text, too large, not valid YAML, or refers to nothing or to itself
 */
export function readYaml(path: string, file: string): YamlFile {
  const text = readText(path, file);
  const lines = new LineCounter();
  const { tokens, deep } = parse(text, lines);
  if (deep !== undefined) throw tooDeep(`${file}:${lines.linePos(deep).line}`);
  // Our own check of keys takes a step for each; the composer's takes one for each pair of them.
  const documents = new Composer({ uniqueKeys: false }).compose(tokens, true, text.length);
  const [document = new Document(null), another] = documents;
  const problem = document.errors[0] ?? document.warnings[0]; // a warning is of a tag that means nothing
  if (problem !== undefined) {
    throw new UserError({
      what: `${file}:${lines.linePos(problem.pos[0]).line}: not valid YAML`,
      found: problem.message,
      fix: 'mend the line (indentation is two spaces, `key: value`)',
    });
  }
  if (another !== undefined) {
    throw new UserError({
      what: `${file}:${lines.linePos(another.range[0]).line}: a second document`,
      expected: 'one, without a line `---` in it',
      fix: 'make it a file of its own, or remove the line `---`',
    });
  }
  const tellLine = (node: unknown): string =>
    `${file}:${isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1}`;
  const aliases = checkNodes(document, tellLine);
  const content: unknown = document.toJS({ maxAliasCount: -1 }) ?? {};
  if (aliases[0] !== undefined && expandedSize(content) > MAXIMUM_EXPANDED) {
    throw new UserError({
      what: `${tellLine(aliases[0])}: aliases stand for too much`,
      expected: `at most ${MAXIMUM_EXPANDED.toLocaleString('en-US')} characters with every alias written out`,
      fix: 'write out what is meant, or use aliases of values that have no aliases in them',
    });
  }
  return { file, document, lines, content };
}

/**
 * Token by token, so that the depth has a limit before it is reached: the parser calls itself for each level that ends at once, and so does what
 * makes values of its tokens; where the stack ends in a regular expression, that ends the process.
 * @returns `deep`: where the first token begins that is within more than `MAXIMUM_DEPTH` others
 */
function parse(text: string, lines: LineCounter): { tokens: CST.Token[]; deep?: number } {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    const [document, ...within] = parser.stack;
    if (document !== undefined && within.length > MAXIMUM_DEPTH + 1) return { tokens, deep: within.at(-1)!.offset };
  }
  return { tokens: [...tokens, ...parser.end()] };
}

function readText(path: string, file: string): string {
  const unreadable = (found: string, cause?: unknown): UserError =>
    new UserError(
      { what: `${file} cannot be read`, expected: 'a file of text', found, fix: 'mend the file, or remove it' },
      { cause },
    );
  let bytes: Buffer;
  try {
    const found = statSync(path);
    if (!found.isFile()) throw unreadable(found.isDirectory() ? 'a folder' : 'no regular file'); // a pipe would be waited for, for ever
    if (found.size > MAXIMUM_BYTES) {
      throw new UserError({
        what: `${file} is too large for a pipeline file`,
        expected: `at most ${MAXIMUM_BYTES.toLocaleString('en-US')} bytes of parameters`,
        found: `${found.size.toLocaleString('en-US')} bytes`,
        fix: 'put data into files that the parameters name',
      });
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw unreadable(code === 'ENOENT' ? 'a link that leads nowhere' : message, error);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable('bytes that are not UTF-8', error);
  }
  const control = /(?![\t\n\r\u0085])\p{Control}/u.exec(text); // what YAML 1.2 (section 5.1) has only as an escape
  if (control !== null) {
    throw new UserError({
      what: `${file}:${text.slice(0, control.index).split('\n').length}: not valid YAML`,
      found: `the control character ${printableLine(control[0])}`,
      fix: 'remove it, or write it as an escape in double quotes; a file of UTF-16 is to be saved as UTF-8',
    });
  }
  return text;
}

const tooDeep = (where: string): UserError =>
  new UserError({
    what: `${where}: values within values too deeply`,
    expected: `at most ${MAXIMUM_DEPTH} levels`,
    fix: 'write the parameters flat',
  });

/**
 * Checks what the parser leaves open, in one pass: keys are text, each once in its mapping; an alias has its anchor before it, and not around it.
 * @returns the aliases
 */
function checkNodes(document: Document, tellLine: (node: unknown) => string): Node[] {
  const anchors = new Map<string, Node>();
  const aliases: Node[] = [];
  const keys = new Map<unknown, Set<string>>();
  visit(document, {
    Node(_, node, path) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target === undefined) throw refersToNothing(tellLine(node), node.source);
        if (path.includes(target)) throw refersToItself(tellLine(node), node.source);
        if (aliases.push(node) > MAXIMUM_ALIASES) throw tooManyAliases(tellLine(node));
      } else if (node.anchor !== undefined) {
        anchors.set(node.anchor, node);
      }
    },
    Pair(_, pair, path) {
      const parent = path.at(-1);
      const known = keys.get(parent) ?? new Set();
      keys.set(parent, known.add(checkKey(pair, known, tellLine)));
    },
  });
  return aliases;
}

/** @returns the key */
function checkKey({ key }: Pair, known: ReadonlySet<string>, tellLine: (node: unknown) => string): string {
  const wrong = (what: string, expected: string): UserError =>
    new UserError({ what: `${tellLine(key)}: ${what}`, expected, fix: 'mend the key, `key: value`' });
  if (!isScalar(key) || key.value === null) throw wrong('a key that is no text', 'the name of a parameter');
  const name = String(key.value);
  if (name === '__proto__') throw wrong('"__proto__" is no parameter', 'the name of a parameter');
  if (known.has(name)) throw wrong(`"${printableLine(name)}" is there twice`, 'each key once');
  return name;
}

/** `separator: ***` is not text in YAML but an alias, of an anchor that is nowhere. */
const refersToNothing = (where: string, source: string): UserError =>
  new UserError({
    what: `${where}: *${source} refers to nothing`,
    expected: `an anchor &${source} before it, or quotes around text that begins with *`,
    fix: `if it is text, write it in quotes: '*${source}'`,
  });

const refersToItself = (where: string, source: string): UserError =>
  new UserError({
    what: `${where}: *${source} refers to what it is part of`,
    expected: `an anchor &${source} of a value that ends before it`,
    fix: 'write out what is meant',
  });

const tooManyAliases = (where: string): UserError =>
  new UserError({
    what: `${where}: too many aliases`,
    expected: `at most ${MAXIMUM_ALIASES.toLocaleString('en-US')}`,
    fix: 'write out what is meant',
  });

/** Characters of a value with what is shared written out each time; what is shared is looked at once. */
function expandedSize(value: unknown, known = new Map<object, number>()): number {
  if (typeof value !== 'object' || value === null) return String(value).length;
  const before = known.get(value);
  if (before !== undefined) return before;
  let size = 2;
  for (const [key, inner] of Object.entries(value)) size += key.length + 2 + expandedSize(inner, known);
  known.set(value, size);
  return size;
}
