/** @file Sampling and text generation. */
export * from './engine/index.ts';
export { generate } from './generate.ts';
export { describeCuts, type SeenPrompt, seenPrompt } from './prompt.ts';
export * from './sampling/index.ts';
export * from './library/index.ts';
export * from './text/index.ts';
export * from './tiers/index.ts';
export { kvMemories, type KvUse } from './kv/index.ts';
