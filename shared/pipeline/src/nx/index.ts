/** @file What the Nx plugin needs. */
export { loadDeclarations } from '../workspace.ts';
export { afterTasks } from './after-tasks.ts';
export { beforeTasks } from './before-tasks.ts';
export { printHelp } from './help.ts';
export { sayLastWordsWhenStopped } from './last-words.ts';
export { inferProjects } from './targets.ts';
