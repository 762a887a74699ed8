/** @file What a layer has to compute of a token, told from the configuration alone: what the work of steps and passes is made of. Imports no tfjs. */
import type { AttentionConfig, DecoderConfig, LayerConfig } from './config.ts';

/** Of one token, in one layer or in all. */
export interface LayerWork {
  /** Weights that compute it, and that there are. */
  active: number;
  stored: number;
  /** Its products with others, in attention: half of what a window would be, twice. */
  attended: number;
  /** Floats that are read and written for it, forward and backward. */
  traffic: number;
}

/** Kernels of a plain layer, and those that particularities add. */
export interface LayerKernels {
  plain: number;
  qkNorm: number;
  postNorms: number;
  attentionBias: number;
  ffnBias: number;
  layerNorm: number;
  parallelBlock: number;
  experts: number;
  altUp: number;
  laurel: number;
  perLayerEmbedding: number;
}

/** Floats that a token's row in the stream is read and written in a layer, by norms, rotation and sums, in multiples of its size; and a row between the matrices. */
const STREAM_TRAFFIC = 16;
const INNER_TRAFFIC = 8;

/** Of all layers together. */
export function workOfLayers(config: DecoderConfig): LayerWork {
  const all = config.layers.map((layer) => workOfLayer(layer, config));
  const sum = (part: keyof LayerWork): number => all.reduce((total, of) => total + of[part], 0);
  return { active: sum('active'), stored: sum('stored'), attended: sum('attended'), traffic: sum('traffic') };
}

function workOfLayer({ attention, ffn }: LayerConfig, { hiddenSize: d, contextLength }: DecoderConfig): LayerWork {
  const inner =
    attention.headDim * (2 * attention.heads + (attention.keysOfLayer === null ? 2 * attention.kvHeads : 0));
  const ofExperts = ffn.kind === 'moe' ? ffn.experts * ffn.intermediateSize : 0;
  const width =
    ffn.kind === 'moe' ? ffn.topK * ffn.intermediateSize + ffn.sharedIntermediateSize : ffn.intermediateSize;
  const all = ffn.kind === 'moe' ? ofExperts + ffn.sharedIntermediateSize : ffn.intermediateSize;
  return {
    active: d * (inner + 3 * width + (ffn.kind === 'moe' ? ffn.experts : 0)),
    stored: d * (inner + 3 * all + (ffn.kind === 'moe' ? ffn.experts : 0)),
    attended: spanOf(attention, contextLength) * attention.heads * attention.headDim,
    traffic: STREAM_TRAFFIC * d + INNER_TRAFFIC * width,
  };
}

/** The kernels of all layers. */
export const kernelsOf = (config: DecoderConfig, kernels: LayerKernels): number =>
  config.layers.reduce((sum, layer) => sum + kernelsOfLayer(layer, config, kernels), 0);

function kernelsOfLayer({ attention, ffn }: LayerConfig, config: DecoderConfig, kernels: LayerKernels): number {
  const has: Record<keyof LayerKernels, boolean> = {
    plain: true,
    qkNorm: attention.qkNorm !== 'none',
    postNorms: config.postNorms,
    attentionBias: attention.bias !== false,
    ffnBias: ffn.kind === 'dense' && ffn.bias,
    layerNorm: config.norm.kind === 'layer',
    parallelBlock: config.parallelBlock,
    experts: ffn.kind === 'moe',
    altUp: config.altUp !== null,
    laurel: config.laurelRank > 0,
    perLayerEmbedding: config.perLayerEmbedding !== null,
  };
  const parts = Object.entries(kernels) as [keyof LayerKernels, number][];
  return parts.reduce((sum, [part, count]) => sum + (has[part] ? count : 0), 0);
}

const spanOf = ({ window, chunk }: AttentionConfig, contextLength: number): number =>
  Math.min(contextLength, window || Infinity, chunk || Infinity);
