/** @file The engine that computes: which backend, in which precision, chosen and started. */

export {
  backendNames,
  describeEngine,
  engineNotices,
  precisions,
  resolveBackend,
  resolveEngine,
  type BackendName,
  type Engine,
  type EngineRequest,
  type Precision,
} from './resolve.ts';
export { findAdapter, type FoundAdapter } from './find-adapter.ts';
export { useBackend, type BackendOptions } from './use-backend.ts';
