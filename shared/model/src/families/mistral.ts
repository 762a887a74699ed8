/** @file Mistral: Llama with a sliding window in every layer, through which information moves on layer by layer. */
import { plainOptions, type Family } from './family.ts';

const sizes = {
  hiddenSize: 4096,
  layers: 32,
  heads: 32,
  kvHeads: 8,
  intermediateSize: 14336,
  tieWordEmbeddings: false,
};

export const mistral: Family = {
  summary: 'Llama with a sliding window in every layer',
  source: 'https://arxiv.org/abs/2310.06825',
  published: {
    'Mistral 7B v0.1': {
      options: { ...sizes, window: 4096 },
      vocabularySize: 32000,
      contextLength: 32768,
      parameters: 7_241_732_096,
    },
    'Mistral 7B v0.3': {
      options: { ...sizes, ropeTheta: 1e6, attentionPattern: 'G' },
      vocabularySize: 32768,
      contextLength: 32768,
      parameters: 7_248_023_552,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: (given) => ({ ...plainOptions(given), attentionPattern: 'S' }),
};
