/** @file Links in Markdown lead somewhere, and commands in it exist. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Code is no place for links, but for commands. */
const withoutCode = (text: string): string =>
  text
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/`[^`]*`/g, 'code');

/** Targets of links and pictures: `[text](target)`, `[text]: target`. */
function linksOf(text: string): string[] {
  const inline = [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const references = [...withoutCode(text).matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  return [...inline, ...references].map(([, target]) => target!);
}

/** The name that a heading has in links (GitHub's rule). */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => anchorOf(heading!)),
  );

test('links lead to files and headings that are there', () => {
  const broken = pages.flatMap((page) =>
    linksOf(read(page))
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), decodeURIComponent(path));
        if (!existsSync(join(root, file))) return true;
        return anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).has(anchor);
      })
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
  expect(pages).toContain('README.md');
});

test('commands name targets of Nx, commands of ours, scripts of npm and files that are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const { targets } = JSON.parse(read('pipelines/project.json')) as {
    targets: Record<string, { dependsOn?: unknown[] }>;
  };
  const pipelines = readdirSync(join(root, 'pipelines')).map((file) => file.replace(/\.yaml$/, ''));
  const commands = [...read('shared/cli/src/commands.ts').matchAll(/^ +(?:\{ )?name: '([\w-]+)'/gm)].map(
    ([, name]) => name,
  );
  const stages = new Set(readdirSync(join(root, 'stages')));
  /** Steps of another name are in their pipeline's own file. */
  const isStep = (name: string, pipeline: string): boolean =>
    stages.has(name) || (pipelines.includes(pipeline) && read(`pipelines/${pipeline}.yaml`).includes(`\n  ${name}:`));
  const example = new Set(['my-own', 'x']); // pipelines of the reader
  const isPipeline = (name: string): boolean => pipelines.includes(name) || example.has(name) || name.startsWith('<');
  /** As `families`, which is run as pipelines are. */
  const comesAfterPipelines = (target: string): boolean =>
    (targets[target]?.dependsOn ?? []).some((dependency) => typeof dependency === 'object');

  const wrong: string[] = [];
  for (const page of pages) {
    const text = read(page);
    for (const [command, project = '', target = ''] of text.matchAll(/nx run ([\w<>-]+):([\w<>-]+)/g)) {
      const isThere =
        project === 'pipeline'
          ? target in targets || isPipeline(target)
          : (isStep(project, target) || project.startsWith('<')) && isPipeline(target);
      if (!isThere) wrong.push(`${page}: ${command}`);
    }
    for (const [command, name = '', words = ''] of text.matchAll(/npx arrowsmith ([\w-]+)(?: ([\w<>:-]+))?/g)) {
      const [project = '', target = project] = words.split(':');
      const isThere =
        name === 'run'
          ? (isPipeline(target) && (target === project || isStep(project, target))) || comesAfterPipelines(words)
          : commands.includes(name);
      if (!isThere) wrong.push(`${page}: ${command}`);
    }
    for (const [command, script = ''] of text.matchAll(/npm run (?:--silent )?([\w:-]+)/g))
      if (!(script in scripts)) wrong.push(`${page}: ${command}`);
    for (const [command, file = ''] of text.matchAll(/(?:node --import tsx|python3?|bash) ((?:[\w.-]+\/)+[\w.-]+)/g))
      if (!existsSync(join(root, file))) wrong.push(`${page}: ${command}`);
  }
  expect(wrong).toEqual([]);
});
