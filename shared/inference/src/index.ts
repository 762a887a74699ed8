/** @file Text from the model of a run, and conversations with it. */
export { engineOptions, readEngine } from './cli/engine-options.ts';
export { type NamedModel, oneModel } from './cli/model-options.ts';
export { chatTemplate, type ChatTemplateOptions, templateNames } from './chat/chat-template.ts';
export { PLAIN_STOPS, plainTurns } from './chat/plain-turns.ts';
export { findRunModel, type RunModel } from './run-model.ts';
