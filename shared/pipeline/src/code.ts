/**
 * @file A stage's code: its identity, and the file that runs it.
 *
 * The identity is a digest of the stage's bundled, minified implementation and of the locked version of every npm package it reaches. Comments,
 * formatting, tests and exports that nothing uses do not count; a semantic edit in any library it uses does.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { digestOf, writeFileAtomic } from '@arrowsmith/artifacts/store';
import { codePath, fingerprintPath, type Workspace } from './workspace.ts';

export interface Fingerprint {
  stage: string;
  sha256: string;
  /** Digest of each bundled output. */
  code: string[];
  /** Integrity (or version) of each npm package reached, transitively. */
  packages: Record<string, string>;
}

/** npm packages stay outside the bundle and count by their locked version; the workspace's own packages go in. */
const externalPackages: Plugin = {
  name: 'external-packages',
  setup(building) {
    building.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@arrowsmith/') ? undefined : { path, external: true },
    );
  },
};

const common = (root: string) =>
  ({
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    plugins: [externalPackages],
  }) satisfies BuildOptions;

/** The identity of a stage's code, and of the runtime files of the packages it reaches. */
export async function fingerprintStage(root: string, stage: string): Promise<Fingerprint> {
  const { outputFiles, metafile } = await build({
    ...common(root),
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

/**
 * Bundles the runner with one stage into a single JavaScript file: what was fingerprinted is what runs, and it starts three times as fast
 * as through a TypeScript loader. In a worker thread it loads the stage's modules, of which one serves the task that the worker was
 * started for (@arrowsmith/bpe, pool.ts).
 */
async function bundleStage(root: string, stage: string): Promise<Bundle> {
  const entry = `
    import { isMainThread } from 'node:worker_threads';
    import { runStageCommand } from './shared/pipeline/src/cli/run-stage-command.ts';
    import declaration from './stages/${stage}/src/declaration.ts';
    const load = async () => (await import('./stages/${stage}/src/stage.ts')).default;
    await (isMainThread ? runStageCommand(declaration, load, process.argv.slice(2)) : load());
  `;
  return bundle(root, stage, {
    stdin: { contents: entry, resolveDir: root, loader: 'ts', sourcefile: `${stage}.entry.ts` },
  });
}

interface Bundle {
  code: string;
  map: string;
}

async function bundle(root: string, name: string, entry: Pick<BuildOptions, 'stdin' | 'entryPoints'>): Promise<Bundle> {
  const options = { ...common(root), ...entry, outfile: codePath({ root }, name), sourcemap: 'linked' } as const;
  const { outputFiles } = await build(options);
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  return { code: text('.mjs'), map: text('.map') };
}

async function writeBundle(root: string, name: string, { code, map }: Bundle): Promise<void> {
  await writeFileAtomic(`${codePath({ root }, name)}.map`, map);
  await writeFileAtomic(codePath({ root }, name), code);
}

/** Bundles a command of `shared/<package>/src/cli` as `.work/code/<name>.mjs`, for the same speed. */
export async function buildCommand({ root }: Pick<Workspace, 'root'>, name: string, file: string): Promise<void> {
  await writeBundle(root, name, await bundle(root, name, { entryPoints: [file] }));
}

/** Writes a stage's identity and the file that runs it to `.work/code/`. */
export async function buildStage({ root }: Pick<Workspace, 'root'>, stage: string): Promise<void> {
  const [fingerprint, bundled] = await Promise.all([fingerprintStage(root, stage), bundleStage(root, stage)]);
  await writeBundle(root, stage, bundled);
  await writeFileAtomic(fingerprintPath({ root }, stage), `${JSON.stringify(fingerprint, null, 2)}\n`);
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
