/** @file Which build of the stages' code is of the sources as they are now. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
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
    for (const name of await readdir(join(root, group))) {
      const folder = join(group, name);
      if (existsSync(join(root, folder, 'package.json'))) paths.push(join(folder, 'package.json'));
      for (const [part, pattern] of [
        ['src', /(?<!\.test)\.ts$/],
        ['native', /./],
      ] as const) {
        const entries = await readdir(join(root, folder, part), { recursive: true, withFileTypes: true }).catch(
          () => [],
        );
        for (const entry of entries)
          if (entry.isFile() && pattern.test(entry.name))
            paths.push(join(entry.parentPath.slice(root.length + 1), entry.name));
      }
    }
  }
  const digests = await Promise.all(
    paths.sort().map(async (path) => {
      const content = await readFile(join(root, path)).catch(() => Buffer.from('')); // gone meanwhile
      return [path, createHash('sha256').update(content).digest('hex')] as const;
    }),
  );
  return Object.fromEntries(digests);
}
