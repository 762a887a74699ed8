// @ts-check
/**
 * @file The Nx plugin as Nx loads it: plain JavaScript, because Nx on Node 20 cannot load TypeScript plugins with TypeScript 7.
 *
 * Everything is in TypeScript beside it, loaded once for all hooks: as a bundle, or through tsx where no bundle can be made.
 */
import { importBundle } from './bundle.mjs';

/** @typedef {typeof import('./index.ts') & { declarations: Map<string, import('../stage.ts').StageDeclaration> }} Loaded */

/** @type {Promise<Loaded> | undefined} */
let loaded;

/** @param {string} root */
const load = (root) => (loaded ??= importBundle(root).catch((error) => importSources(root, error)));

/** @param {string} root @param {Error} error why there is no bundle @returns {Promise<Loaded>} */
async function importSources(root, error) {
  const { tsImport } = await import('tsx/esm/api');
  /** @type {typeof import('./index.ts')} */
  const hooks = await tsImport('./index.ts', import.meta.url); // an error in the sources is told here, with its file and line
  const declarations = await hooks.loadDeclarations(root);
  console.warn(`The Nx plugin starts slowly, from its sources, as they could not be bundled: ${error.message}`);
  return { ...hooks, declarations };
}

/** @type {import('nx/src/devkit-exports').CreateNodesV2} */
export const createNodesV2 = [
  'pipelines/*.yaml',
  async (files, _options, { workspaceRoot }) => {
    const { inferProjects, printHelp, declarations } = await load(workspaceRoot);
    if (await printHelp(workspaceRoot, process.argv.slice(2), declarations)) process.exit(0); // Nx would show the help of `node`
    return inferProjects(workspaceRoot, files, declarations, process.argv.slice(2));
  },
];

/** Runs before any task of an `nx run`. @type {import('nx/src/devkit-exports').PreTasksExecution} */
export async function preTasksExecution(_options, { argv, workspaceRoot }) {
  const { beforeTasks, sayLastWordsWhenStopped, declarations } = await load(workspaceRoot);
  sayLastWordsWhenStopped();
  Object.assign(process.env, await beforeTasks(workspaceRoot, argv.slice(2), declarations)); // Nx hands on what changes here
}

/** Runs after the last task of an `nx run`. @type {import('nx/src/devkit-exports').PostTasksExecution} */
export async function postTasksExecution(_options, { taskResults, workspaceRoot }) {
  const { afterTasks } = await load(workspaceRoot);
  await afterTasks(workspaceRoot, Object.values(taskResults));
}
