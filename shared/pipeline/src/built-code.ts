/** @file Which build of the stages' code is of the sources as they are now. */
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeFolder, type Workspace } from './workspace.ts';

/** A build of all stages and commands. */
export interface BuiltCode {
  /** Name of its folder in `.work/code`. */
  build: string;
  /** Identity of each stage's code. */
  code: Record<string, string>;
  /** SHA-256 by path of every file that it may have been made of. */
  sources: Record<string, string>;
}

export const builtPath = (workspace: Pick<Workspace, 'root'>): string => join(codeFolder(workspace), 'current.json');

/** The newest build, if it is there and of the sources as they are now. */
export async function findBuiltCode(workspace: Pick<Workspace, 'root'>): Promise<BuiltCode | undefined> {
  try {
    const built: unknown = JSON.parse(await readFile(builtPath(workspace), 'utf8'));
    if (!isBuiltCode(built) || !existsSync(join(codeFolder(workspace), built.build))) return undefined;
    const sources = await digestSources(workspace.root);
    const paths = Object.keys(sources);
    const isSame =
      paths.length === Object.keys(built.sources).length &&
      paths.every((path) => sources[path] === built.sources[path]);
    return isSame ? built : undefined;
  } catch {
    return undefined; // there is none yet, or it is damaged
  }
}

/** By hand, as every command waits for it, and a library for such checks takes longer to load than all else here. */
function isBuiltCode(value: unknown): value is BuiltCode {
  const isTexts = (texts: unknown): boolean =>
    typeof texts === 'object' && texts !== null && Object.values(texts).every((text) => typeof text === 'string');
  const { build, code, sources } = value as Record<keyof BuiltCode, unknown>;
  return typeof build === 'string' && /^[0-9a-f]+$/.test(build) && isTexts(code) && isTexts(sources);
}

/** Digests of all that code may be made of: TypeScript and what it opens at run time, pages, package.json files, the lock file. */
export async function digestSources(root: string): Promise<Record<string, string>> {
  const paths = ['package-lock.json'];
  for (const group of ['shared', 'stages']) {
    for (const name of readdirSync(join(root, group))) {
      const folder = join(group, name);
      if (existsSync(join(root, folder, 'package.json'))) paths.push(join(folder, 'package.json'));
      paths.push(
        ...filesBelow(root, join(folder, 'src'), /(?<!\.test)\.ts$|\.(?:css|html)$/),
        ...filesBelow(root, join(folder, 'native'), /./),
      );
    }
  }
  return Object.fromEntries(paths.sort().map((path) => [path, digestOfFile(join(root, path))]));
}

// Each in one go: some hundred small files are read in a third of the time that promises take, and every command waits for this.

function filesBelow(root: string, folder: string, pattern: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(root, path, pattern);
    return entry.isFile() && pattern.test(entry.name) ? [path] : [];
  });
}

function digestOfFile(path: string): string {
  try {
    return hash('sha256', readFileSync(path));
  } catch {
    return hash('sha256', ''); // gone meanwhile: as if it were empty
  }
}
