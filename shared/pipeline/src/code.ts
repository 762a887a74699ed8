/**
 * @file The identity of a stage's code.
 *
 * It is a digest of the stage's bundled, minified implementation and of the locked version of every npm package it reaches. Comments,
 * formatting, tests and exports that nothing uses do not count; a semantic edit in any library it uses does.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { digestOf } from '@arrowsmith/artifacts/store';

export interface Fingerprint {
  stage: string;
  sha256: string;
  /** Digest of each bundled output. */
  code: string[];
  /** Integrity (or version) of each npm package reached, transitively. */
  packages: Record<string, string>;
}

/** npm packages stay outside of the bundle and count by their locked version; the workspace's own packages go in. */
const withoutPackages: Plugin = {
  name: 'without-packages',
  setup(building) {
    building.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@arrowsmith/') ? undefined : { path, external: true },
    );
  },
};

/** What this project bundles its own code with. */
export const bundling = (root: string) =>
  ({
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
  }) satisfies BuildOptions;

/** The identity of a stage's code, and of the runtime files of the packages it reaches. */
export async function fingerprintStage(root: string, stage: string): Promise<Fingerprint> {
  const { outputFiles, metafile } = await build({
    ...bundling(root),
    plugins: [withoutPackages],
    entryPoints: [join('stages', stage, 'src', 'stage.ts')],
    outdir: 'out',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
  });
  const code = outputFiles.map(({ contents }) => createHash('sha256').update(contents).digest('hex'));
  for (const file of await runtimeFiles(root, Object.keys(metafile.inputs))) {
    const content = await readFile(join(root, file));
    code.push(createHash('sha256').update(content).digest('hex'));
  }
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  const names = imported
    .filter(({ external, path }) => external && !path.startsWith('node:'))
    .map(({ path }) => packageName(path));
  const packages = lockedPackages(
    JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lockfile,
    names,
  );
  return { stage, sha256: digestOf({ stage, code, packages }), code, packages };
}

/**
 * The files that packages of the workspace open at run time (C++ sources, shaders), which esbuild cannot see: a package names the folders
 * that hold them in its package.json, as `runtimeFolders`. Folders below those (tests, benchmarks) do not count.
 *
 * @param inputs what the bundle is made of, relative to the root
 */
async function runtimeFiles(root: string, inputs: readonly string[]): Promise<string[]> {
  const packages = new Set(
    inputs.map((input) => /^shared\/[^/]+/.exec(input)?.[0]).filter((path) => path !== undefined),
  );
  const files: string[] = [];
  for (const folder of packages) {
    const description = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as {
      runtimeFolders?: string[];
    };
    for (const name of description.runtimeFolders ?? []) {
      const entries = await readdir(join(root, folder, name), { withFileTypes: true });
      files.push(...entries.filter((entry) => entry.isFile()).map((entry) => join(folder, name, entry.name)));
    }
  }
  return files.sort();
}

const packageName = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');

interface Lockfile {
  packages: Record<
    string,
    { version?: string; integrity?: string; dependencies?: object; optionalDependencies?: object }
  >;
}

/** The locked identity of packages and of all they depend on, looked up the way Node does: nearest node_modules first. */
function lockedPackages({ packages }: Lockfile, names: readonly string[]): Record<string, string> {
  const found = new Map<string, string>();
  const visit = (name: string, from: string): void => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const key = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
      const entry = packages[key];
      if (entry !== undefined) {
        if (found.has(key)) return;
        found.set(key, entry.integrity ?? entry.version ?? '');
        for (const dependency of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }))
          visit(dependency, key);
        return;
      }
      if (at === '') return; // an optional dependency that is not locked
    }
  };
  for (const name of names) visit(name, '');
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
