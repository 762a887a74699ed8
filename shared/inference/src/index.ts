/** @file Text from the model of a run, and conversations with it. */
export { chatTemplate } from './chat/chat-template.ts';
export { findRunModel, loadRunModel, type RunModel } from './run-model.ts';
