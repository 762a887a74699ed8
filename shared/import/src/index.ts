/** @file Models and their tokenizers as other programs wrote them. */
export { type ForeignTokenizer, readGgufTokenizer } from './gguf-tokenizer.ts';
export { type AskedTokenizer, checkTokens, openForeignModel, readForeignTokenizer } from './open-model.ts';
export { isGguf, LLAMA2C_TOKENIZER, type ModelSource, recognizeModel, tokenizerFileOf } from './recognize-model.ts';
