/** @file Gemma 2: Gemma 3's blocks without normalised queries and keys, but with soft caps of scores and logits; every second layer slides. */
import { gemmaOptions } from './gemma3.ts';
import type { Family } from './family.ts';

export const gemma2: Family = {
  summary: 'GeGLU, norms before and after sub-layers, soft caps, every second layer sliding',
  source: 'https://arxiv.org/abs/2408.00118',
  published: {
    'Gemma 2 2B': {
      options: {
        hiddenSize: 2304,
        layers: 26,
        heads: 8,
        kvHeads: 4,
        headDim: 256,
        intermediateSize: 9216,
        window: 4096,
        attentionScale: 256 ** -0.5,
      },
      vocabularySize: 256000,
      contextLength: 8192,
      parameters: 2_614_341_888,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: (sizes) => ({
    ...gemmaOptions(sizes),
    qkNorm: 'none',
    attentionPattern: 'SG',
    ropeTheta: 10000,
    localRopeTheta: undefined,
    attentionSoftCap: 50,
    logitSoftCap: 30,
  }),
};
