/**
 * @file What a decoder's architecture is: a configuration that spells out every choice, layer by layer. The code of the decoder reads
 * nothing else; families and a person's parameters become one of these (`architecture.ts`), and so does a model from Hugging Face.
 */

/** How a vector of the residual stream is normalised. */
export interface NormConfig {
  /** `rms`: by its root mean square; `layer`: by its deviation, after its mean is taken away. Neither has a bias. */
  kind: 'rms' | 'layer';
  epsilon: number;
  /** Whether weights are stored as their difference from 1 (Gemma), so that weight decay pulls them to 1. */
  unitOffset: boolean;
}

/** Stretches rotary positions beyond the context that a model was trained with. */
export type RopeScaling =
  /** Every angle is divided by the factor (Chen et al. 2023, https://arxiv.org/abs/2306.15595). */
  | { kind: 'linear'; factor: number }
  /** Only wavelengths that are long compared with the original context are stretched (Llama 3.1). */
  | {
      kind: 'llama3';
      factor: number;
      lowFrequencyFactor: number;
      highFrequencyFactor: number;
      originalContextLength: number;
    }
  /** Interpolates by wavelength, and sharpens the attention (Peng et al. 2023, https://arxiv.org/abs/2309.00071). */
  | {
      kind: 'yarn';
      factor: number;
      originalContextLength: number;
      /** Turns within the original context: rotaryPairs with more are left alone, those with fewer than `betaSlow` divided by the factor. */
      betaFast: number;
      betaSlow: number;
      /** Factor of cosines and sines; 0.1 ln(factor) + 1 where it is left out. */
      attentionFactor?: number | undefined;
    };

export interface RopeConfig {
  /** Base of the wavelengths' geometric series. */
  theta: number;
  /** Whether a pair's two coordinates are neighbours (Meta's layout), or come from the two halves of a head (Hugging Face's). */
  interleaved: boolean;
  scaling?: RopeScaling | undefined;
}

/** Dual chunk attention (An et al. 2024, https://arxiv.org/abs/2402.17463), for contexts longer than those of training. */
export interface DualChunkConfig {
  /** Positions of a chunk, within which distances are exact. */
  chunk: number;
  /** The longest sequence that the model was trained with; more than a chunk. */
  trainedLength: number;
}

export interface AttentionConfig {
  heads: number;
  /** Divides heads. */
  kvHeads: number;
  headDim: number;
  /** Factor of the products of queries and keys. */
  scale: number;
  /** A query sees so many positions, its own included; 0: all. */
  window: number;
  /** A query sees its own chunk of so many positions, up to itself; 0: no chunks. */
  chunk: number;
  /** Scores are capped to ± this by tanh; 0: not. */
  softCap: number;
  /** Distances beyond what the model was trained with are brought back within it, by dual chunk attention; null: not. */
  dualChunk: DualChunkConfig | null;
  /** Rotary positions; null: none (NoPE). */
  rope: RopeConfig | null;
  /**
   * Normalises each head's queries and keys: `learned` by RMSNorm with a weight, before the rotation (Qwen3, Gemma 3); `l2` without a
   * weight, after it (Llama 4).
   */
  qkNorm: 'none' | 'learned' | 'l2';
  /** Whether each head's values are normalised by RMSNorm without a weight (Gemma 3n). */
  valueNorm: boolean;
  /** Biases of q, k, v and o, or of q, k and v only (Qwen2). */
  bias: boolean | 'qkv';
  /** Queries grow by 1 + scale · ln(1 + ⌊(position + 1) / floorScale⌋) (Llama 4, for long contexts); null: not. */
  temperatureTuning: { floorScale: number; scale: number } | null;
  /** The earlier layer whose keys and values are used instead of own ones (Gemma 3n); null: own. */
  keysOfLayer: number | null;
}

export type Activation = 'silu' | 'gelu-tanh';

/** Gated feed-forward network: down(activation(gate(x)) · up(x)). */
export interface DenseConfig {
  kind: 'dense';
  intermediateSize: number;
  activation: Activation;
  /** Biases of gate, up and down. */
  bias: boolean;
  /** Share of the gate's values that are cut off before the activation, by mean and deviation (Gemma 3n); 0: none. */
  sparsity: number;
}

/** Mixture of experts: a router sends each token to a few of many gated feed-forward networks. */
export interface MoeConfig {
  kind: 'moe';
  experts: number;
  /** Chosen per token. */
  topK: number;
  /** Of each expert. */
  intermediateSize: number;
  activation: Activation;
  /**
   * `softmax` over all experts, whose chosen probabilities weigh the experts' outputs (Qwen3); `sigmoid` of the chosen experts' logits,
   * which scale the experts' inputs (Llama 4).
   */
  router: 'softmax' | 'sigmoid';
  /** Whether the chosen probabilities are divided by their sum. */
  normalizeTopK: boolean;
  /** Inner size of an expert that all tokens go through; 0: there is none. */
  sharedIntermediateSize: number;
}

export interface LayerConfig {
  attention: AttentionConfig;
  ffn: DenseConfig | MoeConfig;
}

/** Losses that keep a router's experts in use, added to the cross-entropy in training. */
export interface RouterLossConfig {
  /** Coefficient of the load-balancing loss (Fedus et al. 2021, https://arxiv.org/abs/2101.03961), a mean over layers; 0: none. */
  loadBalancing: number;
  /** Coefficient of the router's z-loss (Zoph et al. 2022, https://arxiv.org/abs/2202.08906), a mean over layers; 0: none. */
  zLoss: number;
}

/** Alternating updates: several copies of the residual stream, of which a layer computes one (https://arxiv.org/abs/2301.13310). */
export interface AltUpConfig {
  inputs: number;
  /** The copy that layers compute on. */
  active: number;
  /** Limit of the coefficients; 0: none. What training computed with, whoever runs the model computes with, too. */
  coefficientClip: number;
  /** Whether a learned vector scales the active copy for the per-layer embedding. */
  correctScale: boolean;
}

/** Per-layer embeddings: each layer adds a gated vector of its own for each token (Gemma 3n). */
export interface PerLayerEmbeddingConfig {
  /** Size of a layer's vector. */
  size: number;
  vocabularySize: number;
}

/** The pictures that a model sees, cut into square patches. */
export interface VisionConfig {
  /** Width and height of a patch. */
  patchSize: number;
  channels: number;
  /** Patches of a picture, one token each. */
  patches: number;
}

/** Everything the decoder's code needs to know of a model. */
export interface DecoderConfig {
  /** The family that it miniaturises. */
  family: string;
  hiddenSize: number;
  /** Rows of the embedding matrix. */
  vocabularySize: number;
  /** The longest sequence, in tokens. */
  contextLength: number;
  /**
   * Whether a token sees its own document only, where a row holds several. It is the model's, as everything that changes its forward pass: what
   * training masked, whoever measures the weights masks, too.
   */
  confineAttention: boolean;
  /** Factor of token embeddings. */
  embeddingScale: number;
  norm: NormConfig;
  /** Whether a sub-layer's output is normalised before it is added to the stream, too. */
  postNorms: boolean;
  /** Whether attention and feed-forward network read the same normed input, and are added together (Command-A). */
  parallelBlock: boolean;
  layers: LayerConfig[];
  tieWordEmbeddings: boolean;
  /** Factor of the logits. */
  logitScale: number;
  /** Logits are capped to ± this by tanh; 0: not. */
  logitSoftCap: number;
  routerLoss: RouterLossConfig;
  altUp: AltUpConfig | null;
  /** Rank of the learned augmented residual layer beside attention (LAuReL, https://arxiv.org/abs/2411.07501); 0: none. */
  laurelRank: number;
  perLayerEmbedding: PerLayerEmbeddingConfig | null;
  matformer: MatformerConfig;
  /** Pictures that sequences begin with (Llama 4); null: text only. */
  vision: VisionConfig | null;
  initialization: InitializationConfig;
}

/** Nested feed-forward networks: the first half, quarter … of the inner features are models of their own (MatFormer, https://arxiv.org/abs/2310.07707). */
export interface MatformerConfig {
  /** How many widths are trained: all, half, a quarter …; 1: only the whole. */
  granularities: number;
  /** `sample`: one width each step, in turn at random; `joint`: the mean loss of all. */
  training: 'sample' | 'joint';
}

export interface InitializationConfig {
  /** Standard deviation of matrices. */
  deviation: number;
  /** Whether matrices that add to the residual stream have 1/√(2 · layers) of it (GPT-2). */
  scaleResidual: boolean;
  /**
   * Hidden size of the model for which deviation and learning rate were chosen, for the maximal update parametrisation (µP, Yang et al. 2022,
   * https://arxiv.org/abs/2203.03466); 0: standard parametrisation.
   */
  mupBaseHiddenSize: number;
}

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
