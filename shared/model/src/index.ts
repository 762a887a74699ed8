/** @file The decoder-only transformer: its configuration, its parameters, its forward pass. */
export {
  adaptableMatrices,
  adapterConfig,
  adapterShapes,
  adaptParameters,
  checkAdapters,
  countAdapterParameters,
  freezeParameters,
  initialAdapters,
  mergedMatrix,
  type AdapterConfig,
} from './adapters.ts';
export { configOf, decoderConfig, type DataSizes } from './architecture.ts';
export {
  decoderConfigSchema,
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
export { forward, type ForwardOptions } from './decoder.ts';
export { forwardWithRemoteAttention, type RemoteKvPass } from './decoder-with-remote-attention.ts';
export { chooseOptions, type ChosenOptions, type Family, type ModelOptions } from './families/family.ts';
export { families } from './families/index.ts';
export { LARGEST_SIZE, MOST_EXPERTS, MOST_LAYERS } from './limits.ts';
export { createKvCache, KvPool, type KeysAndValues, type KvCache, type KvPass, type KvPlacement } from './kv-cache.ts';
export { checkInt8Rows } from './int8-rows.ts';
export type { KvPrecision } from './kv-precision.ts';
export {
  parameterShapes,
  PER_LAYER_TABLE,
  storableParameters,
  type ParameterRole,
  type ParameterShape,
  type Parameters,
} from './modules.ts';
export { expertLoads, logits, loss, lossTerms, targetLosses, type LossOptions, type LossTerms } from './outputs.ts';
export { extractNested, nestedConfig } from './matformer.ts';
export { modelParameters, type ModelParameters } from './model-parameters.ts';
export {
  checkShapes,
  checkWeights,
  countActiveParameters,
  countEffectiveParameters,
  countParameters,
  initialWeights,
  type Weights,
} from './parameters.ts';
export { perLayerRowsOf, type PerLayerRows } from './per-layer-embedding.ts';
export { changingTables, scaledFrequencies, type ChangingTables } from './positions.ts';
export { parseDecoderConfig } from './parse-config.ts';
export { attendCached, type AttentionInputs } from './self-attention.ts';
export { defaultLearningRate, tunedWidth } from './tuned-defaults.ts';
export { hashWord } from './hash-word.ts';
export { tensorsOf, viewOf, weightsOf, type ParameterTensors } from './tensors.ts';
