/** @file Predicates of masks for tests and benchmarks, by what they are called in the literature. */
import type { MaskPredicate } from '../block-mask.ts';

const PREFIX = 37;
/** Where documents begin, after the first. */
const DOCUMENTS = [5, 45, 109];

/** A query sees the prefix, which sees all of itself, and what comes before itself (Raffel et al. 2020, https://arxiv.org/abs/1910.10683). */
export const prefixLm: MaskPredicate = function prefixLm(query, key) {
  return key <= query || key < PREFIX;
};

/** Every third key. */
export const dilated: MaskPredicate = function dilated(query, key) {
  return key <= query && (query - key) % 3 === 0;
};

/** The last keys, and of those before the last of each stride (sparse transformers, Child et al. 2019, https://arxiv.org/abs/1904.10509). */
export const stridedAndLocal: MaskPredicate = function stridedAndLocal(query, key) {
  return key <= query && (query - key < 8 || key % 16 === 15);
};

/** The first keys and the last ones (attention sinks, Xiao et al. 2023, https://arxiv.org/abs/2309.17453). */
export const sinks: MaskPredicate = function sinks(query, key) {
  return key <= query && (key < 4 || query - key < 10);
};

/** All that is behind: the last query sees nothing. */
export const future: MaskPredicate = function future(query, key) {
  return key > query;
};

export const causal: MaskPredicate = function causal(query, key) {
  return key <= query;
};

/** The option `window: 7` as a predicate. */
export const windowOf7: MaskPredicate = function windowOf7(query, key) {
  return key <= query && query - key < 7;
};

/** The option `chunk: 20` as a predicate. */
export const chunksOf20: MaskPredicate = function chunksOf20(query, key) {
  return key <= query && Math.floor(query / 20) === Math.floor(key / 20);
};

/** The option `documentOffsets` as a predicate, for documents of no equal lengths. */
export const documents: MaskPredicate = function documents(query, key) {
  return key <= query && !DOCUMENTS.some((first) => key < first && first <= query);
};
