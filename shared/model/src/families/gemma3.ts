/**
 * @file Gemma 3: GeGLU, RMSNorm with weights around 0 before and after each sub-layer, normalised queries and keys, five sliding-window
 * layers to one global with longer wavelengths, embeddings scaled by √d.
 */
import { plainOptions, type Family, type ModelOptions, type ModelSizes } from './family.ts';

export const gemmaOptions = (sizes: ModelSizes): ModelOptions => ({
  ...plainOptions(sizes),
  activation: 'gelu-tanh',
  normEpsilon: 1e-6,
  normUnitOffset: true,
  postNorms: true,
  qkNorm: 'learned',
  ropeTheta: 1e6,
  localRopeTheta: 10000,
  embeddingScale: Math.sqrt(sizes.hiddenSize),
});

const published = { headDim: 256, attentionScale: 256 ** -0.5, window: 512 };

export const gemma3: Family = {
  summary: 'GeGLU, norms before and after sub-layers, 5 sliding layers : 1 global, two rotary bases',
  source: 'https://arxiv.org/abs/2503.19786',
  published: {
    'Gemma 3 270M': {
      options: { ...published, hiddenSize: 640, layers: 18, heads: 4, kvHeads: 1, intermediateSize: 2048 },
      vocabularySize: 262144,
      contextLength: 32768,
      parameters: 268_098_176,
    },
    'Gemma 3 1B': {
      options: { ...published, hiddenSize: 1152, layers: 26, heads: 4, kvHeads: 1, intermediateSize: 6912 },
      vocabularySize: 262144,
      contextLength: 32768,
      parameters: 999_885_952,
    },
    'Gemma 3 4B': {
      options: {
        ...published,
        hiddenSize: 2560,
        layers: 34,
        heads: 8,
        kvHeads: 4,
        intermediateSize: 10240,
        window: 1024,
        ropeScaling: { kind: 'linear', factor: 8 },
      },
      vocabularySize: 262208,
      contextLength: 131072,
      parameters: 3_880_263_168, // without the vision encoder
    },
  },
  miniature: { hiddenSize: 128, layers: 6, heads: 4, kvHeads: 1, intermediateSize: 384 },
  options: (sizes) => ({ ...gemmaOptions(sizes), attentionPattern: 'SSSSSG' }),
};
