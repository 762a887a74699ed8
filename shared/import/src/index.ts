/** @file Models and their tokenizers as other programs wrote them. */
export { type ForeignTokenizer, readGgufTokenizer } from './gguf-tokenizer.ts';
export { checkTokens } from './check-tokens.ts';
export { openForeignModel } from './open-model.ts';
export { type AskedTokenizer, readForeignTokenizer } from './read-tokenizer.ts';
export type { TextBounds } from './text-bounds.ts';
export { isGguf, LLAMA2C_TOKENIZER, type ModelSource, recognizeModel, tokenizerFileOf } from './recognize-model.ts';
