/** @file Models that are loaded, for programs and commands. */
export { readChatTemplate } from './hugging-face-extras.ts';
export { loadModel, type LoadOptions, openModel, readTokenizer, readWeights } from './load-model.ts';
export { findInFolder, type ModelFiles } from './model-files.ts';
