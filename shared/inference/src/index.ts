/** @file Text from the model of a run, and conversations with it. */
export { engineOptions, readEngine } from './cli/engine-options.ts';
export { chatTemplate } from './chat/chat-template.ts';
export { findRunModel, loadRunModel, type RunModel } from './run-model.ts';
