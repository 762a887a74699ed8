/**
 * @file What a decoder's architecture is: a configuration that spells out every choice, layer by layer. The code of the decoder reads
 * nothing else; families and a person's parameters become one of these (`architecture.ts`), and so does a model from Hugging Face. Schemas say it, of
 * which types are made: so it is stated once, and checked where it comes from a file.
 */
import * as z from 'zod';
import { LARGEST_SIZE, MOST_EXPERTS, MOST_LAYERS } from './limits.ts';

const size = z.int().min(1).max(LARGEST_SIZE);
const count = z.int().min(0).max(LARGEST_SIZE);
const positive = z.number().positive();
const notNegative = z.number().min(0);

/** How a vector of the residual stream is normalised. */
export const normConfig = z.object({
  /** `rms`: by its root mean square; `layer`: by its deviation, after its mean is taken away. Neither has a bias. */
  kind: z.enum(['rms', 'layer']),
  epsilon: notNegative,
  /** Whether weights are stored as their difference from 1 (Gemma), so that weight decay pulls them to 1. */
  unitOffset: z.boolean(),
});
export type NormConfig = z.infer<typeof normConfig>;

/** Stretches rotary positions beyond the context that a model was trained with. */
export const ropeScaling = z.discriminatedUnion('kind', [
  /** Every angle is divided by the factor (Chen et al. 2023, https://arxiv.org/abs/2306.15595). */
  z.object({ kind: z.literal('linear'), factor: positive }),
  /** Only wavelengths that are long compared with the original context are stretched (Llama 3.1). */
  z.object({
    kind: z.literal('llama3'),
    factor: positive,
    lowFrequencyFactor: positive,
    highFrequencyFactor: positive,
    originalContextLength: size,
  }),
  /** Interpolates by wavelength, and sharpens the attention (Peng et al. 2023, https://arxiv.org/abs/2309.00071). */
  z.object({
    kind: z.literal('yarn'),
    factor: positive,
    originalContextLength: size,
    /** Turns within the original context: pairs with more are left alone, those with fewer than `betaSlow` divided by the factor. */
    betaFast: positive,
    betaSlow: positive,
    /** Factor of cosines and sines; 0.1 ln(factor) + 1 where it is left out. */
    attentionFactor: positive.optional(),
  }),
]);
export type RopeScaling = z.infer<typeof ropeScaling>;

const ropeConfig = z.object({
  /** Base of the wavelengths' geometric series. */
  theta: positive,
  /** Whether a pair's two coordinates are neighbours (Meta's layout), or come from the two halves of a head (Hugging Face's). */
  interleaved: z.boolean(),
  scaling: ropeScaling.optional(),
});
export type RopeConfig = z.infer<typeof ropeConfig>;

/** Dual chunk attention (An et al. 2024, https://arxiv.org/abs/2402.17463), for contexts longer than those of training. */
const dualChunkConfig = z.object({
  /** Positions of a chunk, within which distances are exact. */
  chunk: size,
  /** The longest sequence that the model was trained with; more than a chunk. */
  trainedLength: size,
});
export type DualChunkConfig = z.infer<typeof dualChunkConfig>;

/** What can be said of attention in all layers alike. */
export const attentionFields = {
  /**
   * Normalises each head's queries and keys: `learned` by RMSNorm with a weight, before the rotation (Qwen3, Gemma 3); `l2` without a
   * weight, after it (Llama 4).
   */
  qkNorm: z.enum(['none', 'learned', 'l2']),
  /** Whether each head's values are normalised by RMSNorm without a weight (Gemma 3n). */
  valueNorm: z.boolean(),
  /** Biases of q, k, v and o, or of q, k and v only (Qwen2). */
  bias: z.union([z.boolean(), z.literal('qkv')]),
  /** Scores are capped to ± this by tanh; 0: not. */
  softCap: notNegative,
  /** Queries grow by 1 + scale · ln(1 + ⌊(position + 1) / floorScale⌋) (Llama 4, for long contexts); null: not. */
  temperatureTuning: z.object({ floorScale: positive, scale: notNegative }).nullable(),
};

const attentionConfig = z.object({
  heads: size,
  /** Divides heads. */
  kvHeads: size,
  headDim: size,
  /** Factor of the products of queries and keys. */
  scale: z.number(),
  /** A query sees so many positions, its own included; 0: all. */
  window: count,
  /** A query sees its own chunk of so many positions, up to itself; 0: no chunks. */
  chunk: count,
  /** Distances beyond what the model was trained with are brought back within it, by dual chunk attention; null: not. */
  dualChunk: dualChunkConfig.nullable(),
  /** Rotary positions; null: none (NoPE). */
  rope: ropeConfig.nullable(),
  /** The earlier layer whose keys and values are used instead of own ones (Gemma 3n); null: own. */
  keysOfLayer: count.nullable(),
  ...attentionFields,
});
export type AttentionConfig = z.infer<typeof attentionConfig>;

export const activation = z.enum(['silu', 'gelu-tanh']);
export type Activation = z.infer<typeof activation>;

/** Gated feed-forward network: down(activation(gate(x)) · up(x)). */
const denseConfig = z.object({
  kind: z.literal('dense'),
  intermediateSize: size,
  activation,
  /** Biases of gate, up and down. */
  bias: z.boolean(),
  /** Share of the gate's values that are cut off before the activation, by mean and deviation (Gemma 3n); 0: none. */
  sparsity: notNegative.lt(1),
});
export type DenseConfig = z.infer<typeof denseConfig>;

/** What can be said of a mixture of experts. */
export const expertFields = {
  experts: z.int().min(1).max(MOST_EXPERTS),
  /** Chosen per token. */
  topK: size,
  /** Of each expert. */
  intermediateSize: size,
  /**
   * `softmax` over all experts, whose chosen probabilities weigh the experts' outputs (Qwen3); `sigmoid` of the chosen experts' logits,
   * which scale the experts' inputs (Llama 4).
   */
  router: z.enum(['softmax', 'sigmoid']),
  /** Whether the chosen probabilities are divided by their sum. */
  normalizeTopK: z.boolean(),
  /** Inner size of an expert that all tokens go through; 0: there is none. */
  sharedIntermediateSize: count,
};

/** Mixture of experts: a router sends each token to a few of many gated feed-forward networks. */
const moeConfig = z.object({ kind: z.literal('moe'), activation, ...expertFields });
export type MoeConfig = z.infer<typeof moeConfig>;

const layerConfig = z.object({
  attention: attentionConfig,
  ffn: z.discriminatedUnion('kind', [denseConfig, moeConfig]),
});
export type LayerConfig = z.infer<typeof layerConfig>;

/** Losses that keep a router's experts in use, added to the cross-entropy in training. */
export const routerLossConfig = z.object({
  /** Coefficient of the load-balancing loss (Fedus et al. 2021, https://arxiv.org/abs/2101.03961), a mean over layers; 0: none. */
  loadBalancing: notNegative,
  /** Coefficient of the router's z-loss (Zoph et al. 2022, https://arxiv.org/abs/2202.08906), a mean over layers; 0: none. */
  zLoss: notNegative,
});
export type RouterLossConfig = z.infer<typeof routerLossConfig>;

/** Alternating updates: several copies of the residual stream, of which a layer computes one (https://arxiv.org/abs/2301.13310). */
export const altUpConfig = z.object({
  inputs: z.int().min(1).max(MOST_EXPERTS),
  /** The copy that layers compute on. */
  active: count,
  /** Limit of the coefficients; 0: none. What training computed with, whoever runs the model computes with, too. */
  coefficientClip: notNegative,
  /** Whether a learned vector scales the active copy for the per-layer embedding. */
  correctScale: z.boolean(),
});
export type AltUpConfig = z.infer<typeof altUpConfig>;

/** Per-layer embeddings: each layer adds a gated vector of its own for each token (Gemma 3n). */
const perLayerEmbeddingConfig = z.object({
  /** Size of a layer's vector. */
  size,
  vocabularySize: size,
});
export type PerLayerEmbeddingConfig = z.infer<typeof perLayerEmbeddingConfig>;

/** The pictures that a model sees, cut into square patches. */
const visionConfig = z.object({
  /** Width and height of a patch. */
  patchSize: size,
  channels: size,
  /** Patches of a picture, one token each. */
  patches: size,
});
export type VisionConfig = z.infer<typeof visionConfig>;

/** Nested feed-forward networks: the first half, quarter … of the inner features are models of their own (MatFormer, https://arxiv.org/abs/2310.07707). */
export const matformerConfig = z.object({
  /** How many widths are trained: all, half, a quarter …; 1: only the whole. */
  granularities: size,
  /** `sample`: one width each step, in turn at random; `joint`: the mean loss of all. */
  training: z.enum(['sample', 'joint']),
});
export type MatformerConfig = z.infer<typeof matformerConfig>;

const initializationConfig = z.object({
  /** Standard deviation of matrices. */
  deviation: notNegative,
  /** Whether matrices that add to the residual stream have 1/√(2 · layers) of it (GPT-2). */
  scaleResidual: z.boolean(),
  /**
   * Hidden size of the model for which deviation and learning rate were chosen, for the maximal update parametrisation (µP, Yang et al. 2022,
   * https://arxiv.org/abs/2203.03466); 0: standard parametrisation.
   */
  mupBaseHiddenSize: count,
});

/** What a person or a family says of the whole decoder, and the configuration has as it is. */
export const decoderFields = {
  hiddenSize: size,
  /** Factor of token embeddings. */
  embeddingScale: z.number(),
  /** Whether a sub-layer's output is normalised before it is added to the stream, too. */
  postNorms: z.boolean(),
  /** Whether attention and feed-forward network read the same normed input, and are added together (Command-A). */
  parallelBlock: z.boolean(),
  tieWordEmbeddings: z.boolean(),
  /** Factor of the logits. */
  logitScale: z.number(),
  /** Logits are capped to ± this by tanh; 0: not. */
  logitSoftCap: notNegative,
  altUp: altUpConfig.nullable(),
  /** Rank of the learned augmented residual layer beside attention (LAuReL, https://arxiv.org/abs/2411.07501); 0: none. */
  laurelRank: count,
  matformer: matformerConfig,
};

/** Everything the decoder's code needs to know of a model. */
export const decoderConfigSchema = z.object({
  /** The family that it miniaturises. */
  family: z.string(),
  /** Rows of the embedding matrix. */
  vocabularySize: size,
  /** The longest sequence, in tokens. */
  contextLength: size,
  /**
   * Whether a token sees its own document only, where a row holds several. It is the model's, as everything that changes its forward pass: what
   * training masked, whoever measures the weights masks, too.
   */
  confineAttention: z.boolean(),
  norm: normConfig,
  layers: z.array(layerConfig).min(1).max(MOST_LAYERS),
  routerLoss: routerLossConfig,
  perLayerEmbedding: perLayerEmbeddingConfig.nullable(),
  /** Pictures that sequences begin with (Llama 4); null: text only. */
  vision: visionConfig.nullable(),
  initialization: initializationConfig,
  ...decoderFields,
});
export type DecoderConfig = z.infer<typeof decoderConfigSchema>;

/** How many times as wide as its µP base model a decoder is; 1 in the standard parametrisation. */
export function mupWidth({ hiddenSize, initialization: { mupBaseHiddenSize } }: DecoderConfig): number {
  return mupBaseHiddenSize === 0 ? 1 : hiddenSize / mupBaseHiddenSize;
}

/** Bytes of keys and values that generation keeps per token of a full context, in float32. Layers that see less keep less. */
export function kvCacheBytesPerToken({ layers, contextLength }: DecoderConfig): number {
  const kept = layers.map(({ attention: { kvHeads, headDim, window, chunk, keysOfLayer } }) => {
    if (keysOfLayer !== null) return 0;
    const positions = Math.min(contextLength, window || Infinity, chunk || Infinity);
    return (2 * 4 * kvHeads * headDim * positions) / contextLength;
  });
  return kept.reduce((sum, bytes) => sum + bytes, 0);
}
