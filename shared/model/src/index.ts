/** @file The decoder-only transformer: its configuration, its parameters, its forward pass. */
export { configOf, decoderConfig, type DataSizes } from './architecture.ts';
export {
  kvCacheBytesPerToken,
  mupWidth,
  type AttentionConfig,
  type DecoderConfig,
  type DenseConfig,
  type LayerConfig,
  type MoeConfig,
  type RopeConfig,
  type RopeScaling,
  type VisionConfig,
} from './config.ts';
export { extendContext, type ContextExtension } from './context-extension.ts';
export {
  expertLoads,
  forward,
  logits,
  loss,
  lossTerms,
  targetLosses,
  type ForwardOptions,
  type LossOptions,
  type LossTerms,
} from './decoder.ts';
export { chooseOptions, type ChosenOptions, type Family, type ModelOptions } from './families/family.ts';
export { families } from './families/index.ts';
export { LARGEST_SIZE, MOST_EXPERTS, MOST_LAYERS } from './limits.ts';
export { createKvCache, type KvCache } from './kv-cache.ts';
export { extractNested, nestedConfig } from './matformer.ts';
export { modelParameters, type ModelParameters } from './model-parameters.ts';
export {
  checkWeights,
  countActiveParameters,
  countEffectiveParameters,
  countParameters,
  initialWeights,
  parameterShapes,
  type ParameterRole,
  type ParameterShape,
  type Weights,
} from './parameters.ts';
export { PER_LAYER_TABLE, perLayerRowsOf, type PerLayerRows } from './per-layer-embedding.ts';
export { parseDecoderConfig } from './parse-config.ts';
export { defaultLearningRate, tunedWidth } from './tuned-defaults.ts';
export { tensorsOf, viewOf, weightsOf, type ParameterTensors } from './tensors.ts';
