/** @file Language-model operations on tfjs tensors, and the choice of the backend that runs them. */

export { adamW, type AdamWOptions, type AdamWState } from './adamw.ts';
export { attention, type AttentionOptions } from './attention.ts';
export { useBackend } from './backends.ts';
export { clipByGlobalNorm, globalNorm } from './clip-by-global-norm.ts';
export { embedding } from './embedding.ts';
export { linearCrossEntropy } from './linear-cross-entropy.ts';
export { linear } from './linear.ts';
export { defineOp, type Op, type OpDefinition } from './op.ts';
export { backendNames, resolveBackend, type BackendName } from './resolve-backend.ts';
export { rmsNorm, type RmsNormOptions } from './rms-norm.ts';
export { rope, ropeTables, type RopeTablesOptions } from './rope.ts';
export { swiglu } from './swiglu.ts';
export { tokenLosses } from './token-losses.ts';
