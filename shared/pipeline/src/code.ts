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
  const reached = await reachedPackages(root, Object.keys(metafile.inputs));
  for (const file of await runtimeFiles(root, reached)) {
    const content = await readFile(join(root, file));
    code.push(createHash('sha256').update(content).digest('hex'));
  }
  const bundles = await runtimeBundles(root, reached);
  code.push(...bundles.code);
  const imported = [...Object.values(metafile.outputs).flatMap(({ imports }) => imports), ...bundles.imported];
  const names = imported
    .filter(({ external, path }) => external && !path.startsWith('node:'))
    .map(({ path }) => packageName(path));
  const packages = lockedPackages(
    JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lockfile,
    names,
  );
  return { stage, sha256: digestOf({ stage, code, packages }), code, packages };
}

/** What of a package's package.json is about its identity. */
interface ReachedPackage {
  folder: string;
  runtimeFolders?: string[];
  runtimeBundles?: string[];
}

/** @param inputs what a bundle is made of, relative to the root */
async function reachedPackages(root: string, inputs: readonly string[]): Promise<ReachedPackage[]> {
  const folders = new Set(
    inputs.map((input) => /^shared\/[^/]+/.exec(input)?.[0]).filter((path) => path !== undefined),
  );
  return Promise.all(
    [...folders].sort().map(async (folder) => {
      const text = await readFile(join(root, folder, 'package.json'), 'utf8');
      return { ...(JSON.parse(text) as Omit<ReachedPackage, 'folder'>), folder };
    }),
  );
}

/**
 * The files that packages of the workspace open at run time (C++ sources, shaders), which esbuild cannot see: a package names the folders
 * that hold them in its package.json, as `runtimeFolders`. Folders below those (tests, benchmarks) do not count.
 */
async function runtimeFiles(root: string, packages: readonly ReachedPackage[]): Promise<string[]> {
  const files: string[] = [];
  for (const { folder, runtimeFolders = [] } of packages) {
    for (const name of runtimeFolders) {
      const entries = await readdir(join(root, folder, name), { withFileTypes: true });
      files.push(...entries.filter((entry) => entry.isFile()).map((entry) => join(folder, name, entry.name)));
    }
  }
  return files.sort();
}

/**
 * The scripts that packages of the workspace bundle at run time, for a browser: their entries stand in its package.json, as `runtimeBundles`. They count
 * as stages do, by what their bundles have in them; none of the workspace's own modules has effects where it is only imported.
 */
async function runtimeBundles(
  root: string,
  packages: readonly ReachedPackage[],
): Promise<{ code: string[]; imported: { path: string; external?: boolean }[] }> {
  const entryPoints = packages.flatMap(({ folder, runtimeBundles: entries = [] }) =>
    entries.map((entry) => join(folder, entry)),
  );
  if (entryPoints.length === 0) return { code: [], imported: [] };
  const { outputFiles, metafile } = await build({
    ...bundling(root),
    plugins: [withoutPackages, withoutEffects],
    entryPoints,
    outdir: 'out',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
  });
  return {
    code: outputFiles.map(({ contents }) => createHash('sha256').update(contents).digest('hex')),
    imported: Object.values(metafile.outputs).flatMap(({ imports }) => imports),
  };
}

/** Modules of the workspace of which nothing is used are left out. */
const withoutEffects: Plugin = {
  name: 'without-effects',
  setup(building) {
    building.onResolve(
      { filter: /^(?:\.|@arrowsmith\/)/ },
      async ({ path, pluginData, kind, importer, resolveDir }) => {
        if (pluginData === LOOKED_UP || kind === 'entry-point') return undefined;
        const found = await building.resolve(path, { kind, importer, resolveDir, pluginData: LOOKED_UP });
        return { ...found, sideEffects: false };
      },
    );
  },
};

/** Says that an import is looked up for the plugin itself. */
const LOOKED_UP = 'looked up';

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
