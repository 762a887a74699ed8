/** @file Sampling and text generation. */
export { generate } from './generate.ts';
export { describeCuts, type SeenPrompt, seenPrompt } from './prompt.ts';
export * from './sampling/index.ts';
