/** @file File formats of the ecosystem: safetensors, whole and in shards. */
export { DTYPE_BYTES, type Dtype } from './dtypes.ts';
export { openSafetensors, type TensorInfo, type TensorSource } from './read-safetensors.ts';
export { openWeights } from './open-weights.ts';
export { float32Tensor, int32Tensor, toFloat32, toInt32, type StoredTensor } from './stored-tensor.ts';
export { writeSafetensors } from './write-safetensors.ts';
export { readHuggingFaceConfig, readHuggingFaceModel } from './hugging-face/read-model.ts';
export { CHECKPOINT_TYPES, writeHuggingFaceModel, type CheckpointType } from './hugging-face/write-model.ts';
export { huggingFaceConfig } from './hugging-face/write-config.ts';
