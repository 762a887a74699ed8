// @ts-check
/**
 * @file The Nx plugin as Nx loads it: plain JavaScript, because Nx on Node 20 cannot load TypeScript plugins with TypeScript 7.
 *
 * Everything is in TypeScript beside it, loaded through tsx, once for all hooks.
 */
import { tsImport } from 'tsx/esm/api';

/** @type {Promise<typeof import('./index.ts')> | undefined} */
let loaded;
const load = () => (loaded ??= tsImport('./index.ts', import.meta.url));

/** @type {import('nx/src/devkit-exports').CreateNodesV2} */
export const createNodesV2 = [
  'pipelines/*.yaml',
  async (files, _options, { workspaceRoot }) => {
    const { inferProjects } = await load();
    return inferProjects(workspaceRoot, files, process.argv.slice(2));
  },
];

/** Runs before any task of an `nx run`. @type {import('nx/src/devkit-exports').PreTasksExecution} */
export async function preTasksExecution(_options, { id, argv, workspaceRoot }) {
  const { beforeTasks } = await load();
  Object.assign(process.env, await beforeTasks(workspaceRoot, argv.slice(2), id)); // Nx hands on what changes here
}

/** Runs after the last task of an `nx run`. @type {import('nx/src/devkit-exports').PostTasksExecution} */
export async function postTasksExecution(_options, { taskResults, workspaceRoot }) {
  const { afterTasks } = await load();
  await afterTasks(workspaceRoot, Object.values(taskResults));
}
