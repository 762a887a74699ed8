/** @file Pipeline files as text: found, parsed as YAML, followed along `extends`, with the line of every key. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { type Alias, type Document, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { UserError } from '@arrowsmith/errors';
import { isObject } from './overrides.ts';
import type { JsonObject } from './stage.ts';

/** One YAML file, with what is needed to say where something stands in it. */
export interface Source {
  file: string; // relative to the workspace root
  document: Document;
  lines: LineCounter;
  content: JsonObject;
}

const NAME = /^[a-z][a-z0-9-]+$/; // two characters at least: Nx takes single letters as its own aliases

/** Taken: the other targets of pipelines/project.json, and the other folders of artifacts/. */
const TAKEN: readonly string[] = [
  'build',
  'gc',
  'runs',
  'compare',
  'diff',
  'name',
  'forget',
  'report',
  'reports',
  'baseline',
  'regression',
  'store',
  'bench',
  'families',
];

export function pipelineNames(root: string): string[] {
  return readdirSync(join(root, 'pipelines'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** A pipeline's file and all that it extends, the file itself first. @throws UserError for broken YAML and a wrong `extends` */
export function readSources(root: string, name: string): Source[] {
  const sources: Source[] = [];
  const chain: string[] = [];
  for (let next: string | undefined = name; next !== undefined;) {
    if (chain.includes(next)) {
      throw new UserError({
        what: `pipeline ${name} extends itself: ${[...chain, next].join(' → ')}`,
        where: sources.at(-1)!.file,
        fix: 'remove one `extends`',
      });
    }
    chain.push(next);
    const source = readSource(root, next, sources.at(-1));
    sources.push(source);
    next = typeof source.content['extends'] === 'string' ? source.content['extends'] : undefined;
  }
  return sources;
}

function readSource(root: string, name: string, from: Source | undefined): Source {
  const path = join(root, 'pipelines', `${name}.yaml`);
  const file = relative(root, path);
  if (!NAME.test(name) || TAKEN.includes(name)) {
    throw new UserError({
      what: `"${name}" cannot name a pipeline`,
      where: from ? at(from, ['extends']) : file,
      expected: `two or more lower-case letters, digits and hyphens, beginning with a letter; not ${TAKEN.join(', ')}`,
      fix: 'rename the file',
    });
  }
  if (!existsSync(path)) {
    throw new UserError({
      what: `there is no pipeline "${name}"`,
      where: from ? at(from, ['extends']) : file,
      expected: `one of ${pipelineNames(root).join(', ')}`,
      fix: 'check the spelling, or add the file',
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines });
  const error = document.errors[0];
  if (error !== undefined) {
    throw new UserError({
      what: `${file}:${error.linePos?.[0].line ?? 1}: not valid YAML`,
      found: error.message.split('\n')[0]!.replace(/ at line .*$/, ''),
      fix: 'mend the line (indentation is two spaces, `key: value`)',
    });
  }
  const alias = unresolvedAlias(document);
  if (alias !== undefined) {
    throw new UserError({
      what: `${file}:${lines.linePos(alias.range![0]).line}: *${alias.source} refers to nothing`,
      expected: `an anchor &${alias.source} before it, or quotes around text that begins with *`,
      fix: `if it is text, write it in quotes: '*${alias.source}'`,
    });
  }
  const content: unknown = document.toJS() ?? {};
  if (!isObject(content)) {
    throw new UserError({
      what: `${file}:1: a pipeline file is a mapping`,
      expected: 'keys description, extends, stages',
      found: JSON.stringify(content).slice(0, 60),
      fix: 'see pipelines/smoke.yaml',
    });
  }
  return { file, document, lines, content };
}

/** `separator: ***` is not text in YAML but an alias, of an anchor that is nowhere. */
function unresolvedAlias(document: Document): Alias | undefined {
  let found: Alias | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      found = alias;
      return visit.BREAK;
    },
  });
  return found;
}

/** `file:line` of the innermost key of `path` that the file has. */
export function at({ file, document, lines }: Source, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const items = (parent as { items?: { key?: unknown }[] } | null)?.items;
    const key = items?.find((item) => isNode(item.key) && String(item.key) === String(path[length - 1]))?.key;
    if (isNode(key) && key.range) return `${file}:${lines.linePos(key.range[0]).line}`;
  }
  return `${file}:1`;
}
