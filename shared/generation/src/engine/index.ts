/** @file The engine that continues texts. */
export { boundedMemory } from './bounded-memory.ts';
export type { DraftCounts, DraftOptions } from './drafts.ts';
export { Engine, type EngineState } from './engine.ts';
export { checkEngineOptions, type EngineOptions } from './engine-options.ts';
export { disposeModels, type EngineModel } from './model-passes.ts';
export type { FinishReason, GenerationEvent, GenerationRequest } from './request.ts';
export type { Preemption } from './scheduler.ts';
export { type BeamOptions, searchBeams } from './search-beams.ts';
