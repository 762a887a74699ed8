/** @file A decoder with nothing beside its norms, attention and networks: what formats take a model for that have no words for more. */
import type { AttentionConfig, DecoderConfig } from '@arrowsmith/model';

/** Of attention: all keys before a query, in one scale, and those of its own layer. */
export const PLAIN_ATTENTION = {
  window: 0,
  chunk: 0,
  softCap: 0,
  dualChunk: null,
  qkNorm: 'none',
  valueNorm: false,
  temperatureTuning: null,
  keysOfLayer: null,
} as const satisfies Partial<AttentionConfig>;

/** Of the whole: norms before sub-layers only, and logits as they come. */
export const PLAIN_DECODER = {
  embeddingScale: 1,
  postNorms: false,
  parallelBlock: false,
  logitScale: 1,
  logitSoftCap: 0,
  altUp: null,
  laurelRank: 0,
  perLayerEmbedding: null,
  vision: null,
} as const satisfies Partial<DecoderConfig>;
