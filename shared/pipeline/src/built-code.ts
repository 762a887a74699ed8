/** @file Which build of the stages' code is of the sources as they are now. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { codeFolder, type Workspace } from './workspace.ts';

const builtSchema = z.strictObject({
  /** Name of its folder in `.work/code`. */
  build: z.string().regex(/^[0-9a-f]+$/),
  /** Identity of each stage's code. */
  code: z.record(z.string(), z.string()),
  /** SHA-256 by path of every file that it may have been made of. */
  sources: z.record(z.string(), z.string()),
});

/** A build of all stages and commands. */
export type BuiltCode = z.infer<typeof builtSchema>;

export const builtPath = (workspace: Pick<Workspace, 'root'>): string => join(codeFolder(workspace), 'current.json');

/** The newest build, if it is there and of the sources as they are now. */
export async function findBuiltCode(workspace: Pick<Workspace, 'root'>): Promise<BuiltCode | undefined> {
  try {
    const built = builtSchema.parse(JSON.parse(await readFile(builtPath(workspace), 'utf8')));
    if (!existsSync(join(codeFolder(workspace), built.build))) return undefined;
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

/** Digests of all that code may be made of: TypeScript and what it opens at run time, package.json files, the lock file. */
export async function digestSources(root: string): Promise<Record<string, string>> {
  const paths = ['package-lock.json'];
  for (const group of ['shared', 'stages']) {
    for (const name of readdirSync(join(root, group))) {
      const folder = join(group, name);
      if (existsSync(join(root, folder, 'package.json'))) paths.push(join(folder, 'package.json'));
      paths.push(
        ...filesBelow(root, join(folder, 'src'), /(?<!\.test)\.ts$/),
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
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return createHash('sha256').digest('hex'); // gone meanwhile: as if it were empty
  }
}
