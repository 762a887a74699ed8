/** @file Two tiers: weights in this process, keys and values with attention in others. */
export { AttentionWorkers, type AttentionWorkersOptions, type WorkerState } from './attention-workers.ts';
