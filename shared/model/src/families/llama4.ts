/**
 * @file Llama 4 (text): dense layers and layers of experts in turn, a shared expert beside the one that a sigmoid chooses, and iRoPE: chunked
 * attention with rotary positions in three layers of four, full attention without positions in the fourth, whose queries grow with
 * their position.
 */
import { plainOptions, type Family } from './family.ts';

const published = {
  hiddenSize: 5120,
  layers: 48,
  heads: 40,
  kvHeads: 8,
  headDim: 128,
  intermediateSize: 16384,
  ropeTheta: 500000,
  chunk: 8192,
  tieWordEmbeddings: false,
};

export const llama4: Family = {
  summary:
    'chunked attention, every fourth layer without positions; a shared expert and one of many in every second layer',
  source: 'https://ai.meta.com/blog/llama-4-multimodal-intelligence/',
  published: {
    'Llama 4 Scout': {
      options: {
        ...published,
        ropeScaling: {
          kind: 'llama3',
          factor: 16,
          lowFrequencyFactor: 1,
          highFrequencyFactor: 1,
          originalContextLength: 8192,
        },
        moe: { pattern: 'E', experts: 16 },
      },
      vocabularySize: 202048,
      contextLength: 10485760,
      parameters: 108e9, // without the vision encoder
    },
    'Llama 4 Maverick': {
      options: { ...published, qkNorm: 'none', moe: { pattern: 'DE', experts: 128 } },
      vocabularySize: 202048,
      contextLength: 1048576,
      parameters: 400e9,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: (sizes) => ({
    ...plainOptions(sizes),
    attentionPattern: 'CCCG',
    positionPattern: 'RRRN',
    ropeInterleaved: true,
    qkNorm: 'l2',
    temperatureTuning: { floorScale: 8192, scale: 0.1 },
    moe: {
      pattern: 'DE',
      experts: 8,
      topK: 1,
      intermediateSize: Math.ceil(sizes.intermediateSize / 2),
      sharedIntermediateSize: Math.floor(sizes.intermediateSize / 2),
      router: 'sigmoid',
      normalizeTopK: false,
      loadBalancing: 0.01,
      zLoss: 0,
    },
  }),
};
