/** @file The engine that continues texts. */
export { Engine, type EngineModel, type EngineOptions, type EngineState } from './engine.ts';
export type { FinishReason, GenerationEvent, GenerationRequest } from './request.ts';
export type { Preemption } from './scheduler.ts';
