/** @file Llama 3: grouped queries, rotary positions that are stretched for long contexts, RMSNorm before each sub-layer, SwiGLU. */
import { plainOptions, type Family } from './family.ts';

const vocabularySize = 128256;
const scaling = (factor: number) =>
  ({ kind: 'llama3', factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 }) as const;

export const llama3: Family = {
  summary: 'grouped-query attention, RMSNorm, SwiGLU',
  source: 'https://arxiv.org/abs/2407.21783',
  published: {
    'Llama 3.2 1B': {
      options: {
        hiddenSize: 2048,
        layers: 16,
        heads: 32,
        kvHeads: 8,
        intermediateSize: 8192,
        ropeTheta: 500000,
        ropeScaling: scaling(32),
      },
      vocabularySize,
      contextLength: 131072,
      parameters: 1_235_814_400,
    },
    'Llama 3.1 8B': {
      options: {
        hiddenSize: 4096,
        layers: 32,
        heads: 32,
        kvHeads: 8,
        intermediateSize: 14336,
        ropeTheta: 500000,
        ropeScaling: scaling(8),
        tieWordEmbeddings: false,
      },
      vocabularySize,
      contextLength: 131072,
      parameters: 8_030_261_248,
    },
    'Llama 3.1 70B': {
      options: {
        hiddenSize: 8192,
        layers: 80,
        heads: 64,
        kvHeads: 8,
        intermediateSize: 28672,
        ropeTheta: 500000,
        ropeScaling: scaling(8),
        tieWordEmbeddings: false,
      },
      vocabularySize,
      contextLength: 131072,
      parameters: 70_553_706_496,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: plainOptions,
};
