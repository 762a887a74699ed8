/** @file Byte-level BPE: training, encoding, decoding, and the tokenizer.json format. */

export { createByteEncoder, createPreTokenVisitor, type ByteEncoder } from './byte-encoder.ts';
export { documentBounds } from './document-bounds.ts';
export { encodeBatches, type EncodedBatch } from './encode-batches.ts';
export { createEncoder, type BpeEncoder, type DecodeStream, type EncodeOptions } from './encoder.ts';
export { chooseEndOfText } from './end-of-text.ts';
export { createIdBuffer, type IdBuffer } from './id-buffer.ts';
export { mergeProducts } from './merge-products.ts';
export { isLossless, type AddedToken, type BpeModel } from './model.ts';
export { createNormalizer } from './normalizer.ts';
export { tokenizerParameters, type TokenizerParameters } from './parameters.ts';
export type { PreTokenPattern } from './patterns.ts';
export { defineTask, mapInThreads, type Message, type Task, type ThreadOptions } from './pool.ts';
export { preTokenizer, type PreTokenizer } from './pre-tokenizer.ts';
export { fromTokenizerJson, readTokenizerJson } from './read-tokenizer-json.ts';
export { spellTokens } from './spell-tokens.ts';
export { textBatches, type TextBatch } from './text-batch.ts';
export type { TieBreak } from './learn-merges.ts';
export { toTokenizerJson } from './tokenizer-json.ts';
export { trainBpe, type TrainBpeOptions, type TrainBpeProgress } from './trainer.ts';
