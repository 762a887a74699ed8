/** @file The pre-tokenization patterns: their names, and how tokenizer.json files spell them. */

/** Name of a pre-tokenization pattern: of GPT-2, of Llama 3, of Qwen2 (also 2.5 and 3), or none (a document is one piece). */
export type PreTokenPattern = 'gpt2' | 'llama3' | 'qwen2' | 'none';

/**
 * The Llama 3 pattern as tokenizer.json files spell it (for Oniguruma). The GPT-2 pattern has no spelling there: it is built
 * into Hugging Face's `ByteLevel` pre-tokenizer.
 */
export const LLAMA3_REGEX =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The Qwen2 pattern in the same spelling: Llama 3's, but each number stands alone. */
export const QWEN2_REGEX = LLAMA3_REGEX.replace('{1,3}', '');
