/** @file Texts by a model and its tokenizer. */
export { TextGeneration, type TextResult, type TextUsage } from './text-generation.ts';
export { type ChatTemplateSource, type ScoredToken, TextModel, type TextModelParts } from './text-model.ts';
export type { TextOptions } from './text-options.ts';
