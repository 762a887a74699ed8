/** @file Qwen2 and Qwen2.5: Llama with biases of queries, keys and values. */
import { plainOptions, type Family } from './family.ts';

export const qwen2: Family = {
  summary: 'biases of queries, keys and values',
  source: 'https://arxiv.org/abs/2412.15115',
  published: {
    'Qwen2.5 0.5B': {
      options: {
        hiddenSize: 896,
        layers: 24,
        heads: 14,
        kvHeads: 2,
        intermediateSize: 4864,
        ropeTheta: 1e6,
      },
      vocabularySize: 151936,
      contextLength: 32768,
      parameters: 494_032_768,
    },
    'Qwen2.5 7B': {
      options: {
        hiddenSize: 3584,
        layers: 28,
        heads: 28,
        kvHeads: 4,
        intermediateSize: 18944,
        ropeTheta: 1e6,
        tieWordEmbeddings: false,
      },
      vocabularySize: 152064,
      contextLength: 131072,
      parameters: 7_615_616_512,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: (sizes) => ({ ...plainOptions(sizes), normEpsilon: 1e-6, attentionBias: 'qkv' }),
};
