/** @file Language-model operations on tfjs tensors. */

export { addBias } from './add-bias.ts';
export { adamW, adamWSettings, type AdamWOptions, type AdamWState } from './adamw.ts';
export { altUpCorrect, altUpPredict, type AltUpOptions, type AltUpRouter } from './alt-up.ts';
export { attention, type AttentionOptions } from './attention.ts';
export { maskOf, type BlockMask, type MaskPredicate } from './block-mask.ts';
export { columnMeans, scaleColumns } from './columns.ts';
export { combine, dispatch } from './dispatch.ts';
export { embedding } from './embedding.ts';
export { fakeQuantize, type Rounding } from './fake-quantize.ts';
export { firstLargest } from './first-largest.ts';
export { disposeWeight, freeze, isFrozen, type FrozenMatrix, type LowRankUpdate } from './frozen-matrix.ts';
export { gaussianTopK, type GaussianTopKOptions } from './gaussian-top-k.ts';
export { gatedFeedForward } from './gated-feed-forward.ts';
export { geglu } from './geglu.ts';
export { globalNorm } from './global-norm.ts';
export { registerGradients } from './gradients.ts';
export { groupedLinears } from './grouped-linear.ts';
export { layerNorm, type LayerNormOptions } from './layer-norm.ts';
export { sumLayerSlices } from './layer-slices.ts';
export { linearCrossEntropy } from './linear-cross-entropy.ts';
export { logSumExp } from './log-sum-exp.ts';
export { watchLinearInputs, type LinearWatcher } from './linear-inputs.ts';
export { linear, linearAdd, linears, type LinearOptions } from './linear.ts';
export { logits, type LogitOptions } from './logits.ts';
export { muon, muonSettings, type MuonOptions, type MuonState } from './muon.ts';
export { matchMagnitudes } from './match-magnitudes.ts';
export { pagedAttention, pagedRows, writeRows, type Integers, type PagedLayout } from './paged-attention.ts';
export { hasInt8Rows, pagedAttentionInt8, writeRowsInt8, type Int8Table } from './paged-attention-int8.ts';
export { recompute } from './recompute.ts';
export { reshape } from './reshape.ts';
export { rmsNorm, rmsNormResidual, type RmsNormOptions } from './rms-norm.ts';
export {
  fillRopeTables,
  positionsFrom,
  rope,
  ropeFrequencies,
  ropeTables,
  type RopeOptions,
  type RopeTablesOptions,
} from './rope.ts';
export { scale, scalePositions } from './scale.ts';
export { normalizeSum, sigmoid, softmax } from './softmax.ts';
export { sortByExpert, type Routes } from './sort-by-expert.ts';
export {
  type ActivationPrecision,
  isStored,
  multipliesIntegers,
  multipliesStored,
  storedMatrix,
  type StoredMatrix,
  type Weight,
} from './stored-matrix.ts';
export { addToEach, scaledSum } from './sums.ts';
export { swiglu } from './swiglu.ts';
export { tokenLosses } from './token-losses.ts';
export { topK } from './top-k.ts';
