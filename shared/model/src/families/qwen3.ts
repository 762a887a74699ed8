/** @file Qwen3: Llama 3 with each head's queries and keys normalised, in place of Qwen2's biases; and its mixture of experts. */
import { plainExperts, plainOptions, type Family, type ModelOptions, type ModelSizes } from './family.ts';

const vocabularySize = 151936;
const contextLength = 40960;
const source = 'https://arxiv.org/abs/2505.09388';

const dense = (sizes: ModelSizes): ModelOptions => ({
  ...plainOptions(sizes),
  normEpsilon: 1e-6,
  qkNorm: 'learned',
});

export const qwen3: Family = {
  summary: 'queries and keys normalised per head',
  source,
  published: {
    'Qwen3 0.6B': {
      options: {
        hiddenSize: 1024,
        layers: 28,
        heads: 16,
        kvHeads: 8,
        headDim: 128,
        intermediateSize: 3072,
        ropeTheta: 1e6,
      },
      vocabularySize,
      contextLength,
      parameters: 596_049_920,
    },
    'Qwen3 8B': {
      options: {
        hiddenSize: 4096,
        layers: 36,
        heads: 32,
        kvHeads: 8,
        headDim: 128,
        intermediateSize: 12288,
        ropeTheta: 1e6,
        tieWordEmbeddings: false,
      },
      vocabularySize,
      contextLength,
      parameters: 8_190_735_360,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: dense,
};

export const qwen3Moe: Family = {
  summary: 'the same with a few of many experts in every layer, none shared, balanced over the whole batch',
  source,
  published: {
    'Qwen3 30B-A3B': {
      options: {
        hiddenSize: 2048,
        layers: 48,
        heads: 32,
        kvHeads: 4,
        headDim: 128,
        intermediateSize: 6144,
        ropeTheta: 1e6,
        tieWordEmbeddings: false,
        moe: { experts: 128, topK: 8, intermediateSize: 768 },
      },
      vocabularySize,
      contextLength,
      parameters: 30_532_122_624,
    },
    'Qwen3 235B-A22B': {
      options: {
        hiddenSize: 4096,
        layers: 94,
        heads: 64,
        kvHeads: 4,
        headDim: 128,
        intermediateSize: 12288,
        ropeTheta: 1e6,
        tieWordEmbeddings: false,
        moe: { experts: 128, topK: 8, intermediateSize: 1536 },
      },
      vocabularySize,
      contextLength,
      parameters: 235_093_634_560,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: (sizes) => ({ ...dense(sizes), moe: plainExperts(sizes) }),
};
