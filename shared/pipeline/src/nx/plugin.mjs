// @ts-check
/**
 * @file The Nx plugin as Nx loads it: plain JavaScript, because Nx on Node 20 cannot load TypeScript plugins with TypeScript 7.
 *
 * Everything is in TypeScript beside it, loaded through tsx.
 */
import { tsImport } from 'tsx/esm/api';

/** @type {import('nx/src/devkit-exports').CreateNodesV2} */
export const createNodesV2 = [
  'pipelines/*.yaml',
  async (files, _options, { workspaceRoot }) => {
    const { inferProjects } = await tsImport('./targets.ts', import.meta.url);
    return inferProjects(workspaceRoot, files, process.argv.slice(2));
  },
];

/**
 * Runs before any task of an `nx run`. Refuses parameters given to a whole pipeline, which Nx would hand to its last task only, and marks
 * everything that this `nx run` starts, so that the summary can tell what ran from what was cached.
 *
 * @type {import('nx/src/devkit-exports').PreTasksExecution}
 */
export async function preTasksExecution(_options, { id, argv, workspaceRoot }) {
  const { refuseParameters } = await tsImport('./refuse-parameters.ts', import.meta.url);
  await refuseParameters(workspaceRoot, argv.slice(2));
  process.env['ARROWSMITH_INVOCATION'] = id;
}
