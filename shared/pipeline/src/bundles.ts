/**
 * @file The files that Nx runs, in `.work/code/`: one for each stage with its runner and for each command, and in `chunks/` what they share and what
 * they load only when it is needed.
 *
 * What was fingerprinted is what runs, and it starts several times as fast as through a TypeScript loader.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, type OutputFile, type Plugin } from 'esbuild';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { bundling, fingerprintStage } from './code.ts';
import { fingerprintPath, type Workspace } from './workspace.ts';

/**
 * Packages that stay outside: they look for files beside their own, or (tfjs) must be there once for all backends. The others go in, since a
 * package of many small modules loads in a fraction of the time as one file.
 */
const UNBUNDLED = ['@tensorflow/*', '@huggingface/*', 'esbuild', 'tsx'];

/** CommonJS packages in a bundle require Node's modules. */
export const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;

const CODE_FOLDER = join('.work', 'code');
const CHUNKS = 'chunks';

/** A stage may still run that has not loaded all its chunks yet. */
const KEEP_CHUNKS_MS = 24 * 3_600_000;

/** Marks the modules that start a stage or the end of a run, which are in no file. */
const START = 'start:';

/** The bundle that completes a run. */
export const COMPLETION = 'complete-run';

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

const starts = (root: string, stages: readonly string[]): Plugin => ({
  name: 'starts',
  setup(building) {
    building.onResolve({ filter: new RegExp(`^${START}`) }, ({ path }) => ({ path, namespace: 'start' }));
    building.onLoad({ filter: /./, namespace: 'start' }, ({ path }) => {
      const name = path.slice(START.length);
      return {
        contents: name === COMPLETION ? completionOf(stages) : startOf(name, stages),
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
  const fingerprints = await Promise.all(stages.map((stage) => fingerprintStage(root, stage)));
  const identities = Object.fromEntries(fingerprints.map(({ stage, sha256 }) => [stage, sha256]));
  const entries = [...stages, COMPLETION].map((name) => [name, `${START}${name}`]);
  const { outputFiles } = await build({
    ...bundling(root),
    entryPoints: { ...Object.fromEntries(entries), ...commands },
    outdir: CODE_FOLDER,
    splitting: true,
    chunkNames: `${CHUNKS}/[name]-[hash]`,
    outExtension: { '.js': '.mjs' },
    plugins: [starts(root, stages)],
    define: { CODE: JSON.stringify(identities) },
    external: UNBUNDLED,
    banner: { js: REQUIRE },
    sourcemap: 'linked',
    sourcesContent: false, // the sources are there
  });
  const isChunk = ({ path }: OutputFile): boolean => basename(dirname(path)) === CHUNKS;
  // Chunks first: what is started in between finds the chunks that it names.
  for (const { path, text } of outputFiles.toSorted((one, other) => Number(isChunk(other)) - Number(isChunk(one))))
    await writeFileAtomic(path, text);
  await removeOldChunks(join(root, CODE_FOLDER, CHUNKS), new Set(outputFiles.map(({ path }) => basename(path))));
  for (const fingerprint of fingerprints)
    await writeFileAtomic(fingerprintPath({ root }, fingerprint.stage), `${JSON.stringify(fingerprint, null, 2)}\n`);
}

async function removeOldChunks(folder: string, current: ReadonlySet<string>): Promise<void> {
  const names = await readdir(folder).catch(() => []); // there may be none
  for (const path of names.filter((name) => !current.has(name)).map((name) => join(folder, name))) {
    const modified = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Infinity, // another build removed it
    );
    if (modified < Date.now() - KEEP_CHUNKS_MS) await rm(path, { force: true });
  }
}
