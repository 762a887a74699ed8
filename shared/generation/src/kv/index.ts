/** @file Memory for the keys and values of many sequences. */
export type { LayerPlace } from './block-layout.ts';
export { contiguousMemory, heterogeneousMemory, kvMemories, pagedMemory, type KvMemoryOptions } from './kv-memories.ts';
export type { KvMemory, KvSequence, KvUse, RowCopy, SwappedSequence } from './kv-memory.ts';
export {
  firstVisible,
  groupsOf,
  rowElements,
  tokenElements,
  type LayerGroup,
  type AttentionSpan,
} from './layer-groups.ts';
