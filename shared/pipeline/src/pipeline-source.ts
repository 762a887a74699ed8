/** @file Pipeline files: found, read, followed along `extends`, with the line of every key. */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { isNode } from 'yaml';
import { printableLine, UserError } from '@arrowsmith/errors';
import { isObject } from './overrides.ts';
import { readYaml, type YamlFile } from './pipeline-yaml.ts';
import type { JsonObject } from './stage.ts';

/** One file of a pipeline. */
export interface Source extends YamlFile {
  content: JsonObject;
}

const NAME = /^[a-z][a-z0-9-]+$/; // two characters at least: Nx takes single letters as its own aliases

/** Taken: the other targets of pipelines/project.json, the other folders of artifacts/, and what Nx finds on every object. */
const TAKEN: readonly string[] = [
  'build',
  'gc',
  'runs',
  'compare',
  'diff',
  'generate',
  'serve',
  'chat',
  'evaluate',
  'export',
  'exports',
  'watch',
  'name',
  'forget',
  'report',
  'reports',
  'baseline',
  'regression',
  'store',
  'bench',
  'families',
  'constructor',
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
    next = source.content['extends'] as string | undefined;
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
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new UserError({
      what: `there is no pipeline "${name}"`,
      where: from ? at(from, ['extends']) : file,
      expected: `one of ${pipelineNames(root).join(', ')}`,
      fix: 'check the spelling, or add the file',
    });
  }
  const read = readYaml(path, file);
  const content = read.content;
  if (!isObject(content)) {
    throw new UserError({
      what: `${file}:1: a pipeline file is a mapping`,
      expected: 'keys description, extends, steps',
      found: shown(content),
      fix: 'see pipelines/smoke.yaml',
    });
  }
  const source = { ...read, content };
  checkShape(source);
  return source;
}

/**
 * What every file of a chain must say by itself: what one file says wrongly, another that extends it would hide. Parameters are checked when
 * all is merged.
 */
function checkShape(source: Source): void {
  const { content } = source;
  const expect = (path: string[], value: unknown, isRight: boolean, expected: string, fix: string): string[] => {
    if (isRight) return [];
    const found = value === null ? 'nothing' : shown(value);
    return [`${at(source, path)}: ${path.at(-1)}: expected ${expected} (${fix}), found ${found}`];
  };
  const said = (name: string): boolean => Object.hasOwn(content, name);
  const { description, extends: parent, steps } = content;
  const isMapping = (value: unknown): boolean => value === null || isObject(value);
  const problems = [
    ...(said('description')
      ? expect(['description'], description, typeof description === 'string', 'text', 'in one line')
      : []),
    ...(said('extends')
      ? expect(['extends'], parent, typeof parent === 'string', 'the name of one pipeline', '`extends: tinystories`')
      : []),
    ...(said('steps')
      ? expect(['steps'], steps, isMapping(steps), 'a mapping', '`train:` and other steps, each on a line')
      : []),
    ...Object.entries(isObject(steps) ? steps : {}).flatMap(([step, value]) =>
      expect(
        ['steps', step],
        value,
        isMapping(value) || value === false,
        'parameters',
        'each on a line, `steps: 200`; or `false`, to remove the step of the extended pipeline',
      ),
    ),
    ...Object.keys(content).flatMap((key) => {
      if (KEYS.includes(key)) return [];
      const fix =
        key === 'stages' ? '`stages:` is called `steps:` now; rename the key' : `known here: ${KEYS.join(', ')}`;
      return [`${at(source, [key])}: unknown key "${printableLine(key)}" (${fix})`];
    }),
  ];
  if (problems.length === 0) return;
  const more = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [];
  throw new UserError({
    what: [...problems.slice(0, SHOWN), ...more].join('\n'),
    fix: 'mend the lines named above; pipelines/smoke.yaml is an example',
  });
}

const KEYS: readonly string[] = ['description', 'extends', 'steps'];

/** Problems that are told at once. */
const SHOWN = 20;

/** A value in a message. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
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
