/** @file What a step of training has to compute, told from the configuration alone and in a moment: by it a backend is chosen. Imports no tfjs. */
import { decoderConfig } from './architecture.ts';
import type { DecoderConfig, LayerConfig } from './config.ts';
import { kernelsOf, type LayerKernels, workOfLayers } from './layer-work.ts';
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
const LAYER_KERNELS: LayerKernels = {
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

/** Of Muon, for matrices of one shape together: five steps of three products and what combines two of them, and the norms. And for each parameter. */
const MUON_SHAPE_KERNELS = 22;
const MUON_KERNELS = 2;
const NEWTON_SCHULZ_STEPS = 5;

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
  const { active, attended, stored, traffic } = workOfLayers(config);
  // 2 in the forward pass, and twice that in the backward pass.
  const ofProducts = 6 * tokens * (active + attended + d * vocabularySize);
  const weights = stored + d * vocabularySize * (config.tieWordEmbeddings ? 1 : 2);
  const matrices = optimizer.method === 'muon' ? matricesOf(config) : [];
  const inPasses = kernelsOf(config, LAYER_KERNELS) + OTHER_KERNELS;
  return {
    flop: ofProducts + matrices.reduce((total, matrix) => total + orthogonalizationWork(matrix), 0),
    bytes: 4 * (tokens * traffic + UPDATE_TRAFFIC * weights),
    kernels: gradientAccumulation * inPasses + UPDATE_KERNELS * layers.length + muonKernels(matrices),
    width: d,
  };
}

/** A matrix within a layer, or as many of one shape as there are experts. */
interface Matrix {
  rows: number;
  columns: number;
  count: number;
}

function matricesOf(config: DecoderConfig): Matrix[] {
  const { hiddenSize: d, layers, altUp, laurelRank, perLayerEmbedding } = config;
  const inputs = altUp?.inputs ?? 0;
  const matrix = (rows: number, columns: number, count = 1): Matrix => ({ rows, columns, count });
  const times = <T>(count: number, of: T): T[] => Array.from({ length: count }, () => of);
  const feedForward = (f: number, count = 1) => [matrix(f, d, count), matrix(f, d, count), matrix(d, f, count)];
  const ofLayer = ({ attention, ffn }: LayerConfig): Matrix[] => {
    const [q, kv] = [attention.heads * attention.headDim, attention.kvHeads * attention.headDim];
    return [
      matrix(q, d),
      matrix(d, q),
      ...(attention.keysOfLayer === null ? times(2, matrix(kv, d)) : []),
      ...feedForward(ffn.intermediateSize, ffn.kind === 'moe' ? ffn.experts : 1),
      ...(ffn.kind === 'moe' ? [matrix(ffn.experts, d), ...feedForward(ffn.sharedIntermediateSize)] : []),
      ...[laurelRank, perLayerEmbedding?.size ?? 0].flatMap((rank) => [matrix(rank, d), matrix(d, rank)]),
      matrix(inputs, d),
      matrix(inputs ** 2, inputs),
      matrix(inputs, inputs),
    ];
  };
  const projections = times(2 * Math.max(0, inputs - 1), matrix(d, d));
  return [...layers.flatMap(ofLayer), ...projections].filter(({ rows, columns }) => rows > 0 && columns > 0);
}

function muonKernels(matrices: readonly Matrix[]): number {
  const shapes = new Set(matrices.map(({ rows, columns }) => `${rows} ${columns}`));
  return MUON_SHAPE_KERNELS * shapes.size + MUON_KERNELS * matrices.length;
}

/** Floating-point operations that make matrices orthogonal: each step has two products of all of one, and one of the square of its shorter side. */
function orthogonalizationWork({ rows, columns, count }: Matrix): number {
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  return NEWTON_SCHULZ_STEPS * 2 * short ** 2 * (2 * long + short) * count;
}
