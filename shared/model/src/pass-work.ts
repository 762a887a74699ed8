/** @file What an evaluation, and a step that trains adapters, have to compute, told from the configuration alone: by it a backend is chosen. Imports no tfjs. */
import type { DecoderConfig } from './config.ts';
import { kernelsOf, type LayerKernels, workOfLayers } from './layer-work.ts';
import type { TrainingWork } from './training-work.ts';

/** Of a batch of rows that is evaluated, and of what texts are written for it. */
export interface EvaluationWork extends TrainingWork {
  /** Bytes of matrices that are read for one token: those of the texts. */
  bytesForRows: number;
  /** Kernels of the batch's pass, which is not repeated; those of the texts are. */
  calls: number;
  /** Tokens that are waited for, and the batch's losses. */
  waits: number;
  /** Bytes of weights, and of what a pass has at a time, about. */
  memory: number;
}

/** Of a step in which adapters learn beside a model that does not. */
export interface AdaptingWork extends TrainingWork {
  /** FLOP of products with the model's matrices, as they are stored. */
  storedFlop: number;
}

/** Kernels of a layer's forward pass on the backend `webgpu`; a test of `training` holds these, and those below, to what passes and steps run. */
const FORWARD_KERNELS: LayerKernels = {
  plain: 13,
  qkNorm: 2,
  postNorms: 4,
  attentionBias: 4,
  ffnBias: 3,
  layerNorm: 0,
  parallelBlock: -1,
  experts: 12,
  altUp: 13,
  laurel: 4,
  perLayerEmbedding: 7,
};
const OTHER_FORWARD_KERNELS = 4;

/** Forward and backward, where a layer's own weights have no gradients. */
const FROZEN_KERNELS: LayerKernels = {
  plain: 33,
  qkNorm: 6,
  postNorms: 8,
  attentionBias: 8,
  ffnBias: 4,
  layerNorm: 2,
  parallelBlock: -2,
  experts: 43,
  altUp: 34,
  laurel: 11,
  perLayerEmbedding: 12,
};
const OTHER_FROZEN_KERNELS = 6;
/** Of an adapter: its products, forward and backward, and the updates of its two factors. */
const ADAPTER_KERNELS = 12.5;

/** The share of {@link workOfLayers}'s traffic that a forward pass has. */
const FORWARD_SHARE = 1 / 3;
/** Vectors of a token's row, and of the rows between matrices, that a forward pass has at a time. */
const HELD = 8;
/** What AdamW reads and writes of a weight. */
const UPDATE_TRAFFIC = 8;

/**
 * @param config of the model, whose context is that of the rows
 * @param evaluation `batches` of the split; and the tokens that are written for all of it, one at a time, at most
 */
export function evaluationWork(
  config: DecoderConfig,
  { batchSize, batches, written }: { batchSize: number; batches: number; written: number },
): EvaluationWork {
  const { hiddenSize: d, vocabularySize, contextLength } = config;
  const { active, stored, attended, traffic } = workOfLayers(config);
  const tokens = batchSize * contextLength;
  const ofTexts = written / batches;
  const output = d * vocabularySize;
  const kernels = kernelsOf(config, FORWARD_KERNELS) + OTHER_FORWARD_KERNELS;
  const widest = Math.max(
    ...config.layers.map(({ ffn }) => ffn.intermediateSize * (ffn.kind === 'moe' ? ffn.topK : 1)),
  );
  const weights = stored + output * (config.tieWordEmbeddings ? 1 : 2);
  return {
    flop: 2 * tokens * (active + attended + output),
    bytes: 4 * tokens * traffic * FORWARD_SHARE,
    bytesForRows: 4 * ofTexts * (active + output),
    kernels: ofTexts * kernels,
    calls: kernels,
    waits: 1 + ofTexts,
    width: d,
    memory: 4 * (weights + HELD * tokens * (d + widest)),
  };
}

/** What a training of adapters is asked that its work depends on. */
export interface AskedAdapters {
  rank: number;
  projections: 'all' | readonly string[];
  batchSize: number;
  gradientAccumulation: number;
}

/** @param config of the model, whose context is that of the rows */
export function adaptingWork(config: DecoderConfig, asked: AskedAdapters): AdaptingWork {
  const { hiddenSize: d, vocabularySize, contextLength } = config;
  const { rank, projections, batchSize, gradientAccumulation } = asked;
  const { active, attended, traffic } = workOfLayers(config);
  const tokens = batchSize * contextLength;
  const adapted = config.layers
    .flatMap((layer) => Object.entries(projectionSizes(layer, d)))
    .filter(([name]) => projections === 'all' || projections.includes(name));
  const low = rank * adapted.reduce((sum, [, size]) => sum + size, 0);
  const inPasses =
    kernelsOf(config, FROZEN_KERNELS) + OTHER_FROZEN_KERNELS + Math.round(ADAPTER_KERNELS * adapted.length);
  return {
    // Forward, and by what is multiplied: the gradient by the matrices is left out.
    storedFlop: 4 * tokens * (active + d * vocabularySize),
    flop: 6 * tokens * (attended + low),
    bytes: 4 * (tokens * traffic + UPDATE_TRAFFIC * low),
    kernels: gradientAccumulation * inPasses,
    width: d,
  };
}

/** Inputs and outputs of each matrix of a layer that may have an adapter. */
function projectionSizes({ attention, ffn }: DecoderConfig['layers'][number], d: number): Record<string, number> {
  const [q, kv] = [attention.heads * attention.headDim, attention.kvHeads * attention.headDim];
  const f = ffn.kind === 'dense' ? ffn.intermediateSize : ffn.sharedIntermediateSize;
  return {
    q_proj: d + q,
    ...(attention.keysOfLayer === null ? { k_proj: d + kv, v_proj: d + kv } : {}),
    o_proj: q + d,
    ...(f > 0 ? { gate_proj: d + f, up_proj: d + f, down_proj: f + d } : {}),
  };
}
