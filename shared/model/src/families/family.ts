/** @file What a family is: a function from a model's sizes to every option of its architecture. */
import type { ChosenOptions, ModelOptions, ModelSizes, MoeOptions } from '../options.ts';

export type { ChosenOptions, ModelOptions, ModelSizes } from '../options.ts';

export interface Family {
  /** A line on what is particular. */
  summary: string;
  /** Where it is described. */
  source: string;
  /** The published sizes, by name. */
  published: Readonly<Record<string, PublishedModel>>;
  /** The sizes of the miniature, about a million parameters. */
  miniature: ModelSizes;
  /** The options of a model of these sizes. */
  options(sizes: ModelSizes): ModelOptions;
}

/** A published model, in this project's terms, and the number of its parameters. */
export interface PublishedModel {
  options: ChosenOptions & ModelSizes;
  vocabularySize: number;
  contextLength: number;
  parameters: number;
}

/** What Llama 2 and 3 chose, and families vary. */
export function plainOptions(sizes: ModelSizes): ModelOptions {
  return {
    ...sizes,
    activation: 'silu',
    norm: 'rms',
    normEpsilon: 1e-5,
    normUnitOffset: false,
    postNorms: false,
    parallelBlock: false,
    qkNorm: 'none',
    valueNorm: false,
    attentionBias: false,
    ffnBias: false,
    attentionPattern: 'G',
    positionPattern: 'R',
    ropeTheta: 10000,
    ropeInterleaved: false,
    attentionSoftCap: 0,
    embeddingScale: 1,
    logitScale: 1,
    logitSoftCap: 0,
    tieWordEmbeddings: true,
    matformer: { granularities: 1, training: 'sample' },
    perLayerEmbeddingSize: 0,
    altUp: null,
    laurelRank: 0,
    activationSparsity: [],
    sharedKvLayers: 0,
    initializerRange: 0.02,
    scaleResidualInitializer: true,
    mupBaseHiddenSize: 0,
  };
}

/** A family's options for the chosen sizes, with what else is chosen in place of the family's. */
export function chooseOptions(family: Family, { moe, matformer, ...chosen }: ChosenOptions): ModelOptions {
  const given = withoutUndefined(chosen);
  const sizes = { ...family.miniature, ...given };
  // A head's size is the miniature's only in a model as wide as that.
  if (given.headDim === undefined && (given.hiddenSize ?? given.heads) !== undefined) delete sizes.headDim;
  const own = family.options(sizes);
  const experts = moe === undefined ? own.moe : { ...(own.moe ?? plainExperts(sizes)), ...withoutUndefined(moe) };
  const result = {
    ...own,
    ...given,
    headDim: sizes.headDim,
    matformer: { ...own.matformer, ...withoutUndefined(matformer ?? {}) },
  };
  return experts === undefined ? result : { ...result, moe: experts };
}

/** Experts for a family that has none of its own: as in Qwen3. */
export function plainExperts({ intermediateSize }: ModelSizes): MoeOptions {
  return {
    pattern: 'E',
    experts: 8,
    topK: 2,
    intermediateSize: Math.max(1, Math.floor(intermediateSize / 2)),
    sharedIntermediateSize: 0,
    router: 'softmax',
    normalizeTopK: true,
    loadBalancing: 0.01,
    zLoss: 0,
  };
}

export function headDimOf({ hiddenSize, heads, headDim }: ModelSizes): number {
  return headDim ?? hiddenSize / heads;
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
