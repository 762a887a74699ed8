/** @file From a family and a person's choices to a configuration, layer by layer. */
import { UserError } from '@arrowsmith/errors';
import type { AttentionConfig, DecoderConfig, DenseConfig, LayerConfig, MoeConfig, VisionConfig } from './config.ts';
import { chooseOptions, headDimOf, type ChosenOptions, type Family, type ModelOptions } from './families/family.ts';
import { families } from './families/index.ts';
import type { ModelParameters } from './model-parameters.ts';
import { defaultInitializerRange, postNormEmbeddingScale, tunedWidth } from './tuned-defaults.ts';

/** What a model's data decide. */
export interface DataSizes {
  vocabularySize: number;
  contextLength: number;
  /** Pictures in the data; null or left out: none. */
  vision?: VisionConfig | null;
}

/**
 * The configuration of a model.
 *
 * @throws UserError when a window or a chunk is larger than the context
 */
export function decoderConfig({ family, ...chosen }: ModelParameters, data: DataSizes): DecoderConfig {
  return configOf(family, tuned(chooseOptions(families[family] satisfies Family, chosen), chosen), data);
}

/** The options with what depends on the width, where nobody chose it. Models from elsewhere have theirs. */
function tuned(options: ModelOptions, { initializerRange, embeddingScale }: ChosenOptions): ModelOptions {
  const width = tunedWidth(options);
  const isLost = options.postNorms && options.embeddingScale === 1; // beside what sub-layers add
  return {
    ...options,
    initializerRange: initializerRange ?? defaultInitializerRange(width),
    embeddingScale: embeddingScale ?? (isLost ? postNormEmbeddingScale(width) : options.embeddingScale),
  };
}

/** The configuration with these options. @throws UserError when a window or a chunk is larger than the context */
export function configOf(family: string, options: ModelOptions, data: DataSizes): DecoderConfig {
  const { initializerRange, scaleResidualInitializer, mupBaseHiddenSize, perLayerEmbeddingSize } = options;
  checkSpan('window', options.window, data);
  checkSpan('chunk', options.chunk, data);
  return {
    family,
    hiddenSize: options.hiddenSize,
    vocabularySize: data.vocabularySize,
    contextLength: data.contextLength,
    confineAttention: false,
    embeddingScale: options.embeddingScale,
    norm: { kind: options.norm, epsilon: options.normEpsilon, unitOffset: options.normUnitOffset },
    postNorms: options.postNorms,
    parallelBlock: options.parallelBlock,
    layers: layersOf(options, data.contextLength),
    tieWordEmbeddings: options.tieWordEmbeddings,
    logitScale: options.logitScale,
    logitSoftCap: options.logitSoftCap,
    routerLoss: { loadBalancing: options.moe?.loadBalancing ?? 0, zLoss: options.moe?.zLoss ?? 0 },
    altUp: options.altUp,
    laurelRank: options.laurelRank,
    perLayerEmbedding:
      perLayerEmbeddingSize === 0 ? null : { size: perLayerEmbeddingSize, vocabularySize: data.vocabularySize },
    matformer: options.matformer,
    vision: data.vision ?? null,
    initialization: { deviation: initializerRange, scaleResidual: scaleResidualInitializer, mupBaseHiddenSize },
  };
}

function checkSpan(name: 'window' | 'chunk', size: number | undefined, { contextLength }: DataSizes): void {
  if (size === undefined || size <= contextLength) return;
  throw new UserError({
    what: `the attention ${name} is larger than the context`,
    expected: `at most ${contextLength} tokens, chunk.contextLength`,
    found: `model.${name} ${size}`,
    fix: `lower it, or leave it out for a quarter of the context`,
  });
}

function layersOf(options: ModelOptions, contextLength: number): LayerConfig[] {
  const layers = Array.from({ length: options.layers }, (_, layer) => ({
    attention: attentionOf(options, layer, contextLength),
    ffn: ffnOf(options, layer),
  }));
  const firstShared = options.layers - options.sharedKvLayers;
  return layers.map(({ attention, ffn }, layer) => {
    if (layer < firstShared) return { attention, ffn };
    // The last layer with keys of its own that sees as much; where there is none, this one has its own after all.
    const owners = layers.slice(0, firstShared);
    const owner = owners.findLastIndex((other) => spanOf(other.attention) === spanOf(attention));
    return { attention: { ...attention, keysOfLayer: owner === -1 ? null : owner }, ffn };
  });
}

const spanOf = ({ window, chunk }: AttentionConfig): string => `${window} ${chunk}`;

function attentionOf(options: ModelOptions, layer: number, contextLength: number): AttentionConfig {
  const { heads, kvHeads, ropeTheta, localRopeTheta, ropeScaling, ropeInterleaved: interleaved } = options;
  const quarter = Math.ceil(contextLength / 4);
  const span = letter(options.attentionPattern, layer, options.layers);
  const hasPositions = letter(options.positionPattern, layer, options.layers) === 'R';
  const isLocal = span !== 'G' && localRopeTheta !== undefined;
  const headDim = headDimOf(options);
  return {
    heads,
    kvHeads,
    headDim,
    scale: options.attentionScale ?? 1 / Math.sqrt(headDim),
    window: span === 'S' ? (options.window ?? quarter) : 0,
    chunk: span === 'C' ? (options.chunk ?? quarter) : 0,
    softCap: options.attentionSoftCap,
    dualChunk: null,
    rope: !hasPositions
      ? null
      : isLocal
        ? { theta: localRopeTheta, interleaved }
        : { theta: ropeTheta, interleaved, ...(ropeScaling === undefined ? {} : { scaling: ropeScaling }) },
    qkNorm: options.qkNorm === 'l2' && !hasPositions ? 'none' : options.qkNorm, // Llama 4's is part of its rotation
    valueNorm: options.valueNorm,
    bias: options.attentionBias,
    temperatureTuning: hasPositions ? null : (options.temperatureTuning ?? null),
    keysOfLayer: null,
  };
}

function ffnOf(options: ModelOptions, layer: number): DenseConfig | MoeConfig {
  const { moe, activation, intermediateSize, ffnBias, activationSparsity } = options;
  if (moe === undefined || letter(moe.pattern, layer, options.layers) === 'D') {
    return { kind: 'dense', intermediateSize, activation, bias: ffnBias, sparsity: activationSparsity[layer] ?? 0 };
  }
  const { pattern: _pattern, loadBalancing: _loadBalancing, zLoss: _zLoss, ...experts } = moe;
  return { kind: 'moe', activation, ...experts };
}

/** A layer's letter of a pattern that repeats over the layers, or whose end counts where it is longer. */
function letter(pattern: string, layer: number, layers: number): string {
  return pattern[(layer + Math.max(0, pattern.length - layers)) % pattern.length]!;
}
