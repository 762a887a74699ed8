/** @file Learns a byte-level BPE vocabulary from text. */

import { availableParallelism } from 'node:os';
import { UserError } from '@arrowsmith/errors';
import { BYTE_CHARACTERS, BYTES_IN_ALPHABET_ORDER } from './byte-alphabet.ts';
import { learnMerges, type TieBreak } from './learn-merges.ts';
import type { BpeModel } from './model.ts';
import { createPacer } from './pacer.ts';
import type { PreTokenPattern } from './patterns.ts';
import { toSymbols } from './symbols.ts';
import type { TextBatch } from './text-batch.ts';
import { countWords } from './word-counts.ts';

/** What to learn, and how to follow it. */
export interface TrainBpeOptions {
  /** Tokens in the finished vocabulary: special tokens, 256 bytes, and the products of merges. */
  vocabularySize: number;
  /** A pair that occurs less often is not merged. Default 2. */
  minimumFrequency?: number;
  /** How text is cut into pre-tokens, which no merge crosses. */
  pattern: PreTokenPattern;
  /** Which of equally frequent pairs is merged first. Default `smallerIds`, as Hugging Face tokenizers do. */
  tieBreak?: TieBreak;
  /** They get the first ids, in this order. In the documents they are ordinary text. */
  specialTokens: readonly string[];
  /** Threads that count words. The model does not depend on it. Default: as many as there are cores. */
  threads?: number | undefined;
  /** Called about 20 times a second while merges are learned, less often while words are counted, and at the end of each phase. */
  onProgress?: (progress: TrainBpeProgress) => void;
  /** Aborts the training at its next pause. */
  signal?: AbortSignal | undefined;
}

/** How far training is: documents counted (their number is not known beforehand), then tokens in the vocabulary. */
export type TrainBpeProgress =
  | { readonly phase: 'count'; readonly done: number; readonly total: undefined }
  | { readonly phase: 'merge'; readonly done: number; readonly total: number };

/**
 * Trains byte-level BPE: from single bytes upwards, the most frequent pair of neighbouring tokens becomes a new token, until
 * the vocabulary is full (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909).
 *
 * Vocabulary and merges equal those of Hugging Face tokenizers' `BpeTrainer` with `initial_alphabet=ByteLevel.alphabet()`:
 * ids are the special tokens, the bytes in the order of their characters (see `byte-alphabet.ts`), then new tokens as they
 * arise. Which pair comes first depends on counts and tokens only, so that the order of documents and of words does not matter. One difference: a merge that would spell a special token is passed over, so that no ordinary text becomes one.
 *
 * @param batches documents, see {@link textBatches}; no merge crosses from one to the next. Any bytes will do.
 * @throws UserError where the vocabulary is too small for bytes and special tokens, a special token is unusable, there is no
 *   text, or the text has too few frequent pairs to fill the vocabulary.
 */
export async function trainBpe(
  batches: AsyncIterable<TextBatch> | Iterable<TextBatch>,
  options: TrainBpeOptions,
): Promise<BpeModel> {
  const { vocabularySize, pattern, specialTokens, tieBreak = 'smallerIds', onProgress, signal } = options;
  const minimumFrequency = Math.max(1, options.minimumFrequency ?? 2);
  checkSpecialTokens(specialTokens);
  checkVocabularySize(vocabularySize, specialTokens.length);
  const pacer = createPacer(signal);

  // 1. The special tokens and the 256 bytes are in the vocabulary from the start.
  const utf8 = new TextEncoder();
  const vocabulary = [
    ...specialTokens.map((token) => utf8.encode(token)),
    ...BYTES_IN_ALPHABET_ORDER.map((byte) => Uint8Array.of(byte)),
  ];
  const byteIds = Int32Array.from(
    BYTE_CHARACTERS,
    (_, byte) => specialTokens.length + BYTES_IN_ALPHABET_ORDER.indexOf(byte),
  );

  // 2. Count the distinct words of the documents.
  const threads = options.threads ?? availableParallelism();
  const wordCounts = await countWords(batches, pattern, { threads, signal }, (done) =>
    onProgress?.({ phase: 'count', done, total: undefined }),
  );
  const distinctWords = wordCounts.counts.length;
  if (distinctWords === 0) {
    throw new UserError({
      what: 'there is no text to train a tokenizer on',
      expected: 'at least one document that is not empty',
      fix: 'check the step that provides the documents, and its filters',
    });
  }

  // 3. Merge pairs in the words until the vocabulary is full.
  const merges = await learnMerges(
    toSymbols(wordCounts, byteIds),
    vocabulary,
    {
      vocabularySize,
      minimumFrequency,
      tieBreak,
      specialTokens,
      onProgress: (done) => onProgress?.({ phase: 'merge', done, total: vocabularySize }),
    },
    pacer,
  );
  if (vocabulary.length < vocabularySize) {
    throw new UserError({
      what: `the text is enough for ${vocabulary.length} tokens only, not for ${vocabularySize}`,
      expected: `pairs of tokens that occur at least ${minimumFrequency} times until the vocabulary is full`,
      found: `none left after ${merges.length} merges (${distinctWords} distinct pre-tokens)`,
      fix: `set vocabularySize to ${vocabulary.length} or less, give more text, or lower minimumFrequency (now ${minimumFrequency})`,
    });
  }
  return { pattern, specialTokens: specialTokens.map((content, id) => ({ content, id })), vocabulary, merges };
}

function checkVocabularySize(vocabularySize: number, specialTokens: number): void {
  if (vocabularySize >= 256 + specialTokens) return;
  throw new UserError({
    what: `a vocabulary of ${vocabularySize} tokens is too small`,
    expected: `at least ${256 + specialTokens}: 256 bytes and ${specialTokens} special tokens`,
    fix: 'raise vocabularySize',
  });
}

function checkSpecialTokens(specialTokens: readonly string[]): void {
  const seen = new Set<string>();
  for (const token of specialTokens) {
    const fault =
      token === ''
        ? 'it is empty'
        : /\p{Surrogate}/u.test(token)
          ? 'it contains half a surrogate pair, which UTF-8 cannot express'
          : BYTE_CHARACTERS.includes(token)
            ? 'a single character of this kind stands for a byte in tokenizer.json'
            : seen.has(token)
              ? 'it is listed twice'
              : undefined;
    if (fault !== undefined) {
      throw new UserError({
        what: `special token ${JSON.stringify(token)} cannot be used: ${fault}`,
        expected: 'distinct strings such as "<|endoftext|>"',
        fix: 'change specialTokens',
      });
    }
    seen.add(token);
  }
}
