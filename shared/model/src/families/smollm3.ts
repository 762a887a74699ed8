/** @file SmolLM3: Llama with rotary positions in three layers of four, and none in the fourth (NoPE). */
import { plainOptions, type Family } from './family.ts';

export const smollm3: Family = {
  summary: 'every fourth layer without positions',
  source: 'https://huggingface.co/blog/smollm3',
  published: {
    'SmolLM3 3B': {
      options: {
        hiddenSize: 2048,
        layers: 36,
        heads: 16,
        kvHeads: 4,
        intermediateSize: 11008,
        ropeTheta: 5e6,
      },
      vocabularySize: 128256,
      contextLength: 65536,
      parameters: 3_075_098_624,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: (sizes) => ({ ...plainOptions(sizes), normEpsilon: 1e-6, positionPattern: 'RRRN' }),
};
