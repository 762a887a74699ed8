/** @file What a step of training has to compute, told from the configuration alone and in a moment: by it a backend is chosen. Imports no tfjs. */
import { decoderConfig } from './architecture.ts';
import type { AttentionConfig, DecoderConfig, LayerConfig } from './config.ts';
import type { ModelParameters } from './model-parameters.ts';

/** Of one optimizer step. */
export interface TrainingWork {
  /** Of products of matrices, attention's included. */
  flop: number;
  /** What all other operations read and write, and the optimizer, about. */
  bytes: number;
  /** How many kernels run, about: where they are small, starting them takes longest. */
  kernels: number;
  /** Terms of the sums of most products: those of narrow models are slower. */
  width: number;
}

/** What a training is asked that its work depends on; not recomputation, which may be chosen at any time and changes no result. */
export interface AskedWork {
  model: ModelParameters;
  batchSize: number;
  gradientAccumulation: number;
  optimizer: { method: 'adamw' | 'muon' };
}

/**
 * Kernels of a layer's forward and backward pass on the backend `webgpu`: of a plain one, and what particularities add. A test of `training` holds them to
 * those that steps run.
 */
const LAYER_KERNELS = {
  plain: 48,
  qkNorm: 10,
  postNorms: 12,
  attentionBias: 12,
  ffnBias: 11,
  layerNorm: 2,
  parallelBlock: -4,
  experts: 46,
  altUp: 50,
  laurel: 19,
  perLayerEmbedding: 24,
};
/** Of the updates of a layer's parameters, and of what is there once. */
const UPDATE_KERNELS = 10;
const OTHER_KERNELS = 20;

/** Of Muon, for each matrix: five steps of three products and what combines two of them, the norm, and what comes before and after. */
const MUON_KERNELS = 25;
const NEWTON_SCHULZ_STEPS = 5;

/** Floats that a token's row in the stream is read and written in a layer, by norms, rotation and sums, in multiples of its size; and a row between the matrices. */
const STREAM_TRAFFIC = 16;
const INNER_TRAFFIC = 8;
/** AdamW reads weight, gradient and moments, and writes three; the gradient was written. Muon has other traffic, of about as much. */
const UPDATE_TRAFFIC = 8;

/** @param data of the rows; a vocabulary that is not known counts for nothing */
export function trainingWork(
  { model, batchSize, gradientAccumulation, optimizer }: AskedWork,
  data: { contextLength: number; vocabularySize?: number | undefined },
): TrainingWork {
  const { vocabularySize = 1, contextLength } = data;
  const config = decoderConfig(model, { vocabularySize, contextLength });
  const { hiddenSize: d, layers } = config;
  const tokens = batchSize * contextLength;
  const ofLayers = layers.map((layer) => layerWork(layer, config));
  const sum = (of: (layer: LayerWork) => number): number => ofLayers.reduce((total, layer) => total + of(layer), 0);
  // 2 in the forward pass, and twice that in the backward pass.
  const ofProducts = 6 * tokens * (sum(({ active, attended }) => active + attended) + d * vocabularySize);
  const stored = sum(({ stored: count }) => count) + d * vocabularySize * (config.tieWordEmbeddings ? 1 : 2);
  const traffic = tokens * sum(({ traffic: floats }) => floats) + UPDATE_TRAFFIC * stored;
  const matrices = optimizer.method === 'muon' ? matricesOf(config) : [];
  const inPasses = sum(({ kernels }) => kernels) + OTHER_KERNELS;
  return {
    flop: ofProducts + matrices.reduce((total, matrix) => total + orthogonalizationWork(matrix), 0),
    bytes: 4 * traffic,
    kernels: gradientAccumulation * inPasses + UPDATE_KERNELS * layers.length + MUON_KERNELS * matrices.length,
    width: d,
  };
}

/** The sides [rows, columns] of matrices within layers, of which each expert has its own; of each, the two may have changed places. */
function matricesOf(config: DecoderConfig): [number, number][] {
  const { hiddenSize: d, layers, altUp, laurelRank, perLayerEmbedding } = config;
  const inputs = altUp?.inputs ?? 0;
  const rowsOf = ({ attention, ffn }: LayerConfig): number[] => {
    const [q, kv] = [attention.heads * attention.headDim, attention.kvHeads * attention.headDim];
    const experts = ffn.kind === 'moe' ? ffn.experts : 1;
    return [
      q,
      q,
      ...(attention.keysOfLayer === null ? [kv, kv] : []),
      ...Array<number>(3 * experts).fill(ffn.intermediateSize),
      ...(ffn.kind === 'moe' ? [experts, ...Array<number>(3).fill(ffn.sharedIntermediateSize)] : []),
      laurelRank,
      laurelRank,
      ...Array<number>(2).fill(perLayerEmbedding?.size ?? 0),
      inputs,
    ];
  };
  const ofStreams: [number, number][] = [
    [inputs, inputs ** 2],
    [inputs, inputs],
  ];
  const projections = Array.from({ length: 2 * Math.max(0, inputs - 1) }, (): [number, number] => [d, d]);
  const ofLayers = layers.flatMap((layer) => [
    ...rowsOf(layer).map((rows): [number, number] => [rows, d]),
    ...ofStreams,
  ]);
  return [...ofLayers, ...projections].filter(([rows]) => rows > 0);
}

/** Floating-point operations that make a matrix orthogonal: each step has two products of all of it, and one of the square of its shorter side. */
function orthogonalizationWork([rows, columns]: readonly [number, number]): number {
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  return NEWTON_SCHULZ_STEPS * 2 * short ** 2 * (2 * long + short);
}

interface LayerWork {
  /** Weights that compute a token, and that there are. */
  active: number;
  stored: number;
  /** Products of a token with others, in attention: half of what a window would be, twice. */
  attended: number;
  /** Floats that are read and written for a token. */
  traffic: number;
  kernels: number;
}

function layerWork(layer: LayerConfig, config: DecoderConfig): LayerWork {
  const { attention, ffn } = layer;
  const { hiddenSize: d, contextLength } = config;
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
    kernels: kernelsOf(layer, config),
  };
}

function kernelsOf({ attention, ffn }: LayerConfig, config: DecoderConfig): number {
  const has: Record<keyof typeof LAYER_KERNELS, boolean> = {
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
  const parts = Object.entries(LAYER_KERNELS) as [keyof typeof LAYER_KERNELS, number][];
  return parts.reduce((sum, [part, kernels]) => sum + (has[part] ? kernels : 0), 0);
}

const spanOf = ({ window, chunk }: AttentionConfig, contextLength: number): number =>
  Math.min(contextLength, window || Infinity, chunk || Infinity);
