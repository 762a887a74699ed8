/** @file Models that are loaded, for programs and commands. */
export { readChatTemplate } from '@arrowsmith/import/conversations';
export { type AskedDraft, type AskedNames, findDraft, type FoundDraft, readDraft } from './draft.ts';
export { loadModel, openModel, type OpenOptions } from './load-model.ts';
export type { LoadOptions } from './load-options.ts';
export { findInFolder, type ModelFiles } from './model-files.ts';
export { readTokenizer, type ReadTokenizer, readWeights } from './read-model.ts';
