/** @file Byte-level BPE: training, encoding, decoding, and the tokenizer.json format. */

export { createByteEncoder, type ByteEncoder } from './byte-encoder.ts';
export { encodeBatches, type EncodedBatch } from './encode-batches.ts';
export { createEncoder, type BpeEncoder, type DecodeStream, type EncodeOptions } from './encoder.ts';
export { createIdBuffer, type IdBuffer } from './id-buffer.ts';
export { mergeProducts } from './merge-products.ts';
export type { BpeModel, SpecialToken } from './model.ts';
export { tokenizerParameters, type TokenizerParameters } from './parameters.ts';
export type { PreTokenPattern } from './patterns.ts';
export { defineTask, mapInThreads, type Message, type Task, type ThreadOptions } from './pool.ts';
export { preTokenizer, type PreTokenizer } from './pre-tokenizer.ts';
export { fromTokenizerJson } from './read-tokenizer-json.ts';
export { textBatches, type TextBatch } from './text-batch.ts';
export type { TieBreak } from './learn-merges.ts';
export { toTokenizerJson } from './tokenizer-json.ts';
export { trainBpe, type TrainBpeOptions, type TrainBpeProgress } from './trainer.ts';
