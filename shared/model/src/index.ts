/** @file The decoder-only transformer: its configuration, its parameters, its forward pass. */
export { decoderConfig, modelParameters, type DecoderConfig, type ModelParameters } from './config.ts';
export { forward, logits, loss, outputWeight, type ForwardOptions } from './decoder.ts';
export { createKvCache, type KvCache } from './kv-cache.ts';
export {
  checkWeights,
  countParameters,
  initialWeights,
  parameterShapes,
  type ParameterShape,
  type Weights,
} from './parameters.ts';
export { tensorsOf, weightsOf, type ParameterTensors } from './tensors.ts';
