/** @file File formats of the ecosystem: safetensors, whole and in shards, Hugging Face folders, GGUF, llama2.c. */
export { DTYPE_BYTES, type Dtype } from './dtypes.ts';
export { openSafetensors, type TensorInfo, type TensorSource } from './read-safetensors.ts';
export { openWeights } from './open-weights.ts';
export { float32Tensor, int32Tensor, toFloat32, toInt32, type StoredTensor } from './stored-tensor.ts';
export { writeSafetensors } from './write-safetensors.ts';
export { readHuggingFaceConfig, readHuggingFaceModel } from './hugging-face/read-model.ts';
export { CHECKPOINT_TYPES, writeHuggingFaceModel, type CheckpointType } from './hugging-face/write-model.ts';
export { huggingFaceConfig } from './hugging-face/write-config.ts';
export { ggufArchitecture } from './gguf/choose-architecture.ts';
export { needsMeanNeuron, withMeanNeuron } from './gguf/mean-neuron.ts';
export { ggufTensors, type TensorOptions } from './gguf/model-tensors.ts';
export { GGML_TYPES, writeGguf, type GgufMetadata, type GgufTensor, type GgufValue } from './gguf/write-gguf.ts';
export { checkLlama2c, writeLlama2c, type Llama2cModel } from './llama2c/write-llama2c.ts';
export { llama2cTokenizer, type Llama2cToken } from './llama2c/write-tokenizer.ts';
