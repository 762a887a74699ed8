/** @file The script of the page, bundled: the project's own code, TensorFlow.js, and nothing of Node. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/** What only Node has: its own modules, and the native backend, which loads them when it is asked for. */
const OF_NODE = /^(?:node:|@arrowsmith\/backend-native$)/;

/** Says that an import is looked up for the plugin itself. */
const RESOLVED = 'resolved';

/** The path of a file of this package, also where this code has been bundled into a file elsewhere in the workspace. */
const source = (name: 'client' | 'page'): string => require.resolve(`@arrowsmith/web/${name}`);

/**
 * Modules of the project may import some of Node's for what a browser does not call. Neither have effects when they are imported, so that such an import
 * goes with what calls it; one that is left is an error.
 */
export const withoutNode: Plugin = {
  name: 'without-node',
  setup(building) {
    building.onResolve({ filter: /^(?:\.|@arrowsmith\/)/ }, async ({ path, pluginData, ...from }) => {
      if (OF_NODE.test(path)) return;
      if (pluginData === RESOLVED || from.kind === 'entry-point' || /\bnode_modules\b/.test(from.importer)) return;
      const { kind, importer, resolveDir } = from;
      const resolved = await building.resolve(path, { kind, importer, resolveDir, pluginData: RESOLVED });
      return { ...resolved, sideEffects: false };
    });
    building.onResolve({ filter: OF_NODE }, ({ path }) => ({ path, external: true, sideEffects: false }));
    building.onEnd(({ metafile }) => {
      const left = Object.values(metafile?.outputs ?? {}).flatMap(({ imports }) =>
        imports.map(({ path }) => path).filter((path) => OF_NODE.test(path)),
      );
      return left.length === 0 ? {} : { errors: [{ text: `a browser has no ${[...new Set(left)].join(', ')}` }] };
    });
  },
};

/** What is loaded only where it computes, by the names of the files. */
const BACKEND_PACKAGES = {
  webgpu: '@tensorflow/tfjs-backend-webgpu',
  wasm: '@tensorflow/tfjs-backend-wasm',
  webgl: '@tensorflow/tfjs-backend-webgl',
  cpu: '@tensorflow/tfjs-backend-cpu',
};

/** zod makes functions of text where it may; the page's policy forbids it, and whoever looks at its console need not wonder who tried. */
const WITHOUT_EVAL = 'globalThis.__zod_globalConfig={jitless:true};';

/** Scripts by name, and which files they are made of. */
export interface Bundle {
  scripts: ReadonlyMap<string, Uint8Array>;
  /** Relative to `folder`. */
  inputs: readonly string[];
  folder: string;
}

/** The same for all exports of a process. */
let bundled: Promise<Bundle> | undefined;

/** The scripts of the page: `page.js`, which draws it, `arrowsmith.js`, which generates, and what these load when they need it. */
export function bundleScripts(): Promise<Bundle> {
  return (bundled ??= bundle());
}

async function bundle(): Promise<Bundle> {
  const folder = dirname(source('page'));
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    entryPoints: { page: source('page'), arrowsmith: source('client'), ...BACKEND_PACKAGES },
    outdir: 'out',
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    splitting: true,
    chunkNames: 'shared-[hash]',
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    charset: 'ascii',
    plugins: [withoutNode],
    banner: { js: WITHOUT_EVAL },
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const out = join(folder, 'out');
  const used = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      if (bytesInOutput > 0 && !file.startsWith('(disabled):')) used.add(file);
    }
  }
  return {
    scripts: new Map(outputFiles.map(({ path, contents }) => [path.slice(out.length + 1), contents])),
    inputs: [...used],
    folder,
  };
}

/** Files of WebAssembly that the backend of that name loads. */
export async function wasmFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm'));
  const names = ['tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm.wasm'];
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}
