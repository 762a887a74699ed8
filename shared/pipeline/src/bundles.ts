/**
 * @file The files that Nx runs: one for each stage with its runner and for each command, and in `chunks/` what they share and what they load only
 * when it is needed.
 *
 *     .work/code/<build>/train.mjs   a build, named by what is in it, and never changed
 *     .work/code/train.mjs           starts the newest, or the one that the process's run began with
 *     .work/code/train.json          the identity of the newest code of the stage
 *     .work/code/current.json        which build that is, and what it was made of (built-code.ts)
 *
 * What was fingerprinted is what runs, and it starts several times as fast as through a TypeScript loader.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build, type OutputFile, type Plugin } from 'esbuild';
import { digestOf, writeFileAtomic } from '@arrowsmith/artifacts/store';
import { type BuiltCode, builtPath, digestSources } from './built-code.ts';
import { bundling, fingerprintStage } from './code.ts';
import { codeFolder, codePath, fingerprintPath, type Workspace } from './workspace.ts';

/**
 * Packages that stay outside: they look for files beside their own, or (tfjs) must be there once for all backends. The others go in, since a
 * package of many small modules loads in a fraction of the time as one file.
 */
const UNBUNDLED = ['@foxglove/*', '@huggingface/*', '@tensorflow/*', 'esbuild', 'tsx', 'webgpu'];

/** CommonJS packages in a bundle require Node's modules. */
export const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;

/** A run may go on that began with an older build. */
const KEEP_BUILDS_MS = 24 * 3_600_000;

/** Marks the modules that start a stage or the end of a run, which are in no file. */
const START = 'start:';

/** The bundle that completes a run. */
export const COMPLETION = 'complete-run';

/** The bundle that exports the declarations of all stages. */
export const DECLARATIONS = 'declarations';

/**
 * Starts a stage. In a worker thread it only loads the stage's modules, of which one serves the task that the worker was started for
 * (@arrowsmith/bpe, pool.ts). The identities of all code stand in the file that runs it, so that no later build can part them.
 */
const startOf = (stage: string, stages: readonly string[]): string => `
  import { isMainThread } from 'node:worker_threads';
  import { runStageCommand } from './shared/pipeline/src/cli/run-stage-command.ts';
  ${importDeclarations(stages)}
  const load = async () => (await import('./stages/${stage}/src/stage.ts')).default;
  await (isMainThread ? runStageCommand('${stage}', load, process.argv.slice(2), { declarations, code: CODE }) : load());
`;

/** All declarations, for what checks a command line or tells of parameters. */
const declarationsOf = (stages: readonly string[]): string => `
  ${importDeclarations(stages)}
  export { declarations };
`;

/** Starts what comes after the last stage of a pipeline. */
const completionOf = (stages: readonly string[]): string => `
  import { completeRunCommand } from './shared/pipeline/src/cli/complete-run-command.ts';
  ${importDeclarations(stages)}
  await completeRunCommand(process.argv.slice(2), { declarations, code: CODE });
`;

const importDeclarations = (stages: readonly string[]): string => `
  ${stages.map((stage, i) => `import stage${i} from './stages/${stage}/src/declaration.ts';`).join('\n')}
  const declarations = new Map([${stages.map((stage, i) => `['${stage}', stage${i}]`).join(', ')}]);
`;

/**
 * Packages of CommonJS that stay outside are required: for an import, Node first reads all of their text to find the names that they export, and
 * TensorFlow.js is two megabytes.
 */
const required: Plugin = {
  name: 'required',
  setup(building) {
    building.onResolve({ filter: /^@tensorflow\/tfjs-(?:core|backend-cpu)$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'required' } : { path, external: true },
    );
    building.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

const starts = (root: string, stages: readonly string[]): Plugin => ({
  name: 'starts',
  setup(building) {
    building.onResolve({ filter: new RegExp(`^${START}`) }, ({ path }) => ({ path, namespace: 'start' }));
    building.onLoad({ filter: /./, namespace: 'start' }, ({ path }) => {
      const name = path.slice(START.length);
      return {
        contents:
          name === COMPLETION
            ? completionOf(stages)
            : name === DECLARATIONS
              ? declarationsOf(stages)
              : startOf(name, stages),
        resolveDir: root,
        loader: 'ts',
      };
    });
  },
});

/**
 * Writes what runs stages and commands, and each stage's identity. In one go, so that what they share is read once.
 *
 * @param commands by name, files of `shared/<package>/src/cli`
 */
export async function buildCode(
  { root }: Pick<Workspace, 'root'>,
  stages: readonly string[],
  commands: Readonly<Record<string, string>> = {},
): Promise<void> {
  const twice = Object.keys(commands).find((name) => [...stages, COMPLETION, DECLARATIONS].includes(name));
  if (twice !== undefined) throw new Error(`the bundle ${twice} of a command would be that of a stage, too`);
  const sources = await digestSources(root); // before they are read: what changes meanwhile is built again
  const fingerprints = await Promise.all(stages.map((stage) => fingerprintStage(root, stage)));
  const code = Object.fromEntries(fingerprints.map(({ stage, sha256 }) => [stage, sha256]));
  const entries = [...stages, COMPLETION, DECLARATIONS].map((name) => [name, `${START}${name}`]);
  const temporary = join(codeFolder({ root }), `${randomUUID().slice(0, 8)}.tmp`);
  const { outputFiles } = await build({
    ...bundling(root),
    entryPoints: { ...Object.fromEntries(entries), ...commands },
    outdir: temporary,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    plugins: [starts(root, stages), required],
    define: { CODE: JSON.stringify(code) },
    external: UNBUNDLED,
    banner: { js: REQUIRE },
    sourcemap: 'linked',
    sourceRoot: root,
    sourcesContent: false, // the sources are there
  });
  const name = digestOf(outputFiles.map(({ path, hash }) => [relative(temporary, path), hash])).slice(0, 16);
  await publish({ root }, { name, temporary, outputFiles });
  for (const entry of [...stages, COMPLETION, ...Object.keys(commands)])
    await writeIfOther(codePath({ root }, entry), stubOf(entry, name));
  for (const fingerprint of fingerprints)
    await writeIfOther(fingerprintPath({ root }, fingerprint.stage), `${JSON.stringify(fingerprint, null, 2)}\n`);
  const built: BuiltCode = { build: name, code, sources };
  await writeFileAtomic(builtPath({ root }), JSON.stringify(built));
  await removeOldBuilds({ root }, name);
}

/** Starts what a process's run began with, so that no later build can change it meanwhile. */
const stubOf = (entry: string, newest: string): string =>
  `await import(\`./\${process.env.ARROWSMITH_BUILD || '${newest}'}/${entry}.mjs\`);\n`;

/** Puts a build in its place, whole. */
async function publish(
  workspace: Pick<Workspace, 'root'>,
  { name, temporary, outputFiles }: { name: string; temporary: string; outputFiles: readonly OutputFile[] },
): Promise<void> {
  const folder = join(codeFolder(workspace), name);
  if (existsSync(folder)) {
    const now = new Date();
    await utimes(folder, now, now).catch(() => undefined); // in use again
    return;
  }
  try {
    for (const { path, contents } of outputFiles) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, contents);
    }
    await rename(temporary, folder).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw error; // another process was first
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Files that run now are not touched, even where nothing in them would change. */
async function writeIfOther(path: string, text: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== text) await writeFileAtomic(path, text);
}

async function removeOldBuilds(workspace: Pick<Workspace, 'root'>, newest: string): Promise<void> {
  const folder = codeFolder(workspace);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === newest) continue;
    const path = join(folder, entry.name);
    const modified = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Infinity, // another build removed it
    );
    if (modified < Date.now() - KEEP_BUILDS_MS) await rm(path, { recursive: true, force: true });
  }
}
