/** @file Texts by a model and its tokenizer. */
export type { BeamSearch, TextBeam } from './beam-options.ts';
export { TextGeneration, type TextResult, type TextUsage } from './text-generation.ts';
export { type ChatTemplateSource, type ScoredToken, TextModel, type TextModelParts } from './text-model.ts';
export type { TextOptions } from './text-options.ts';
export { thinkingTagsOf } from './thinking-tags.ts';
