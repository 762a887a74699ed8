/**
 * @file Command A (Cohere): attention and feed-forward network beside each other on one LayerNorm without bias, three sliding-window layers with
 * rotary positions to one that sees everything without positions, and scaled logits.
 */
import { plainOptions, type Family } from './family.ts';

const vocabularySize = 256000;

export const commandA: Family = {
  summary: 'parallel attention and feed-forward, LayerNorm, 3 sliding layers : 1 global without positions',
  source: 'https://arxiv.org/abs/2504.00698',
  published: {
    'Command R7B': {
      options: {
        hiddenSize: 4096,
        layers: 32,
        heads: 32,
        kvHeads: 8,
        intermediateSize: 14336,
        ropeTheta: 50000,
        window: 4096,
        logitScale: 0.25,
      },
      vocabularySize,
      contextLength: 132096,
      parameters: 8_028_033_024,
    },
    'Command A': {
      options: {
        hiddenSize: 12288,
        layers: 64,
        heads: 96,
        kvHeads: 8,
        intermediateSize: 36864,
        ropeTheta: 50000,
        window: 4096,
        logitScale: 0.25,
      },
      vocabularySize,
      contextLength: 262144,
      parameters: 111_057_580_032,
    },
  },
  miniature: { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 },
  options: (sizes) => ({
    ...plainOptions(sizes),
    norm: 'layer',
    parallelBlock: true,
    attentionPattern: 'SSSG',
    positionPattern: 'RRRN',
    ropeInterleaved: true,
  }),
};
