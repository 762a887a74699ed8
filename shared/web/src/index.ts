/** @file A model in a web page. */
export { withoutNode } from './bundle.ts';
export { writeWebFolder } from './write-folder.ts';
export type { WebSource } from './write-model.ts';
