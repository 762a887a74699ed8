/** @file Fixtures of the tests: what Hugging Face tokenizers learn and make of texts (scripts/parity/bpe.py). */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PreTokenPattern } from './patterns.ts';

/** The parts of a tokenizer.json that tests look at. */
export interface TokenizerJson {
  pre_tokenizer: unknown;
  added_tokens: { id: number; content: string }[];
  model: { vocab: Record<string, number>; merges: [string, string][] } & Record<string, unknown>;
}

/** A tokenizer that was trained on the corpus, and the ids it gives to the corpus's texts. */
export interface TokenizerFixture {
  vocabularySize: number;
  minimumFrequency: number;
  pattern: PreTokenPattern;
  specialTokens: string[];
  tokenizer: TokenizerJson;
  ids: number[][];
}

/** The training documents, and texts to encode. */
export const corpus = read('corpus') as { documents: string[]; texts: string[] };

/** One fixture for each pattern. */
export const fixtures = ['gpt2', 'llama3', 'qwen2', 'none'].map((pattern) => read(pattern) as TokenizerFixture);

function read(name: string): unknown {
  const path = fileURLToPath(new URL(`../../../test/fixtures/bpe-${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8'));
}
