/**
 * @file Gemma 3n: Gemma 3's blocks with per-layer embeddings, which live outside the core weights, nested feed-forward networks (MatFormer),
 * AltUp, LAuReL, sparse activations, and last layers that share the keys and values of earlier ones.
 */
import { gemmaOptions } from './gemma3.ts';
import type { Family } from './family.ts';

const published = {
  hiddenSize: 2048,
  heads: 8,
  kvHeads: 2,
  headDim: 256,
  window: 512,
  perLayerEmbeddingSize: 256,
  laurelRank: 64,
  altUp: { inputs: 4, active: 0, coefficientClip: 120, correctScale: true },
  activationSparsity: Array.from({ length: 10 }, () => 0.95),
  logitSoftCap: 30,
};

export const gemma3n: Family = {
  summary: 'Gemma 3 with per-layer embeddings, nested feed-forward networks, AltUp, LAuReL, shared keys and values',
  source: 'https://ai.google.dev/gemma/docs/gemma-3n',
  published: {
    // The published totals of 5 and 8 billion include vision and audio; these are the text models', per-layer embeddings included.
    'Gemma 3n E2B': {
      options: { ...published, layers: 30, intermediateSize: 8192, sharedKvLayers: 10 },
      vocabularySize: 262400,
      contextLength: 32768,
      parameters: 4.46e9,
    },
    'Gemma 3n E4B': {
      options: { ...published, layers: 35, intermediateSize: 16384, sharedKvLayers: 15 },
      vocabularySize: 262400,
      contextLength: 32768,
      parameters: 6.87e9,
    },
  },
  miniature: { hiddenSize: 128, layers: 5, heads: 4, kvHeads: 1, intermediateSize: 384 },
  options: (sizes) => ({
    ...gemmaOptions(sizes),
    normUnitOffset: false,
    attentionPattern: 'SSSSG',
    attentionScale: 1,
    valueNorm: true,
    perLayerEmbeddingSize: Math.max(1, Math.round(sizes.hiddenSize / 8)),
    altUp: { inputs: 4, active: 0, coefficientClip: 120, correctScale: true },
    laurelRank: Math.max(1, Math.round(sizes.hiddenSize / 32)),
    activationSparsity: Array.from({ length: Math.floor(sizes.layers / 3) }, () => 0.95),
    sharedKvLayers: Math.floor(sizes.layers / 3),
    logitSoftCap: 30,
    matformer: { granularities: 2, training: 'sample' },
  }),
};
