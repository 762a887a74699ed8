/** @file Learns a byte-level BPE vocabulary from text. */

import { UserError } from '@arrowsmith/errors';
import { BYTE_CHARACTERS, BYTES_IN_ALPHABET_ORDER, unspellBytes } from './byte-alphabet.ts';
import { heapPop, heapPush } from './heap.ts';
import type { BpeModel } from './model.ts';
import { createPacer, type Pacer } from './pacer.ts';
import type { PreTokenPattern } from './pre-tokenization.ts';
import { mergeInWord, toSymbolWords, type SymbolWords } from './symbol-words.ts';
import { countWords } from './word-counts.ts';

/** What to learn, and how to follow it. */
export interface TrainBpeOptions {
  /** Tokens in the finished vocabulary: special tokens, 256 bytes, and the products of merges. */
  vocabularySize: number;
  /** A pair that occurs less often is not merged. Default 2. */
  minimumFrequency?: number;
  /** How text is cut into pre-tokens, which no merge crosses. */
  pattern: PreTokenPattern;
  /** They get the first ids, in this order. In the documents they are ordinary text. */
  specialTokens: readonly string[];
  /** Called about 20 times a second, and at the end of each phase. */
  onProgress?: (progress: TrainBpeProgress) => void;
  /** Aborts the training at its next pause. */
  signal?: AbortSignal;
}

/** How far training is: documents counted (their number is not known beforehand), then tokens in the vocabulary. */
export type TrainBpeProgress =
  | { readonly phase: 'count'; readonly done: number; readonly total: undefined }
  | { readonly phase: 'merge'; readonly done: number; readonly total: number };

/** A pair that may be merged next: its count when it was queued or last put right, and the words that contained it then. */
interface Candidate {
  readonly left: number;
  readonly right: number;
  count: number;
  readonly words: readonly number[];
}

/** Most frequent first; of equally frequent pairs the one with the smaller left id, then the smaller right id. */
function comesFirst(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.left !== b.left ? a.left < b.left : a.right < b.right;
}

/**
 * Trains byte-level BPE: from single bytes upwards, the most frequent pair of neighbouring tokens becomes a new token, until
 * the vocabulary is full (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909).
 *
 * Vocabulary and merges equal those of Hugging Face tokenizers' `BpeTrainer` with `initial_alphabet=ByteLevel.alphabet()`:
 * ids are the special tokens, the bytes in the order of their characters (see `byte-alphabet.ts`), then new tokens as they
 * arise. Of equally frequent pairs the smaller pair of ids comes first, so that the order of documents and of words does not
 * matter. One difference: a merge that would spell a special token is passed over, so that no ordinary text becomes one.
 *
 * @param documents texts; no merge crosses from one to the next.
 * @throws UserError where the vocabulary is too small for bytes and special tokens, a special token is unusable, there is no
 *   text, or the text has too few frequent pairs to fill the vocabulary.
 */
export async function trainBpe(
  documents: AsyncIterable<string> | Iterable<string>,
  options: TrainBpeOptions,
): Promise<BpeModel> {
  const { vocabularySize, minimumFrequency = 2, pattern, specialTokens, onProgress, signal } = options;
  checkSpecialTokens(specialTokens);
  checkVocabularySize(vocabularySize, specialTokens.length);
  const pacer = createPacer(signal);

  // 1. The special tokens and the 256 bytes are in the vocabulary from the start. Tokens are kept as tokenizer.json spells them.
  const spellings = [...specialTokens, ...BYTES_IN_ALPHABET_ORDER.map((byte) => BYTE_CHARACTERS[byte]!)];
  const byteIds = Int32Array.from(BYTE_CHARACTERS, (character) => spellings.lastIndexOf(character));

  // 2. Count the distinct words of the documents.
  const wordCounts = await countWords(documents, pattern, pacer, (done) =>
    onProgress?.({ phase: 'count', done, total: undefined }),
  );
  if (wordCounts.size === 0) {
    throw new UserError({
      what: 'there is no text to train a tokenizer on',
      expected: 'at least one document that is not empty',
      fix: 'check the step that provides the documents, and its filters',
    });
  }

  // 3. Merge pairs in the words until the vocabulary is full.
  const words = await toSymbolWords(wordCounts, byteIds, pacer);
  const merges = await learnMerges(words, spellings, { ...options, minimumFrequency }, pacer);
  if (spellings.length < vocabularySize) {
    throw new UserError({
      what: `the text is enough for ${spellings.length} tokens only, not for ${vocabularySize}`,
      expected: `pairs of tokens that occur at least ${Math.max(1, minimumFrequency)} times until the vocabulary is full`,
      found: `none left after ${merges.length} merges (${wordCounts.size} distinct pre-tokens)`,
      fix: `set vocabularySize to ${spellings.length} or less, give more text, or lower minimumFrequency (now ${minimumFrequency})`,
    });
  }

  const utf8 = new TextEncoder();
  return {
    pattern,
    specialTokens: specialTokens.map((content, id) => ({ content, id })),
    vocabulary: spellings.map((spelling, id) =>
      id < specialTokens.length ? utf8.encode(spelling) : unspellBytes(spelling)!,
    ),
    merges,
  };
}

/**
 * Merges pairs until there are `vocabularySize` spellings or no pair is frequent enough; adds the spelling of each new token.
 *
 * Every merge makes a new token. Two different pairs cannot spell the same: all merges so far went through all words from left
 * to right, so wherever a token's bytes stand between two borders of tokens, they were cut and joined in the same way. Hence
 * all neighbours of a new token are known when it arises, and a pair enters the queue once.
 */
async function learnMerges(
  words: SymbolWords,
  spellings: string[],
  options: Pick<TrainBpeOptions, 'vocabularySize' | 'specialTokens' | 'onProgress'> & { minimumFrequency: number },
  pacer: Pacer,
): Promise<[left: number, right: number][]> {
  const { vocabularySize, minimumFrequency, onProgress } = options;
  const forbidden = new Set(options.specialTokens);
  const keyOf = (left: number, right: number): number => left * vocabularySize + right;
  const pairCounts = new Map<number, number>();
  const queue: Candidate[] = [];
  const enqueue = (arisen: Map<number, number[]>): void => {
    for (const [key, list] of arisen) {
      const count = pairCounts.get(key)!;
      const right = key % vocabularySize;
      if (count > 0) heapPush(queue, { left: (key - right) / vocabularySize, right, count, words: list }, comesFirst);
    }
  };

  // 1. Count the pairs of all words, and note for each the words that contain it.
  let arisen = new Map<number, number[]>();
  for (let word = 0; word < words.lengths.length; word++) {
    const start = words.starts[word]!;
    for (let i = start; i < start + words.lengths[word]! - 1; i++) {
      const key = keyOf(words.symbols[i]!, words.symbols[i + 1]!);
      pairCounts.set(key, (pairCounts.get(key) ?? 0) + words.counts[word]!);
      addWord(arisen, key, word);
      if (i % 4096 === 0 && pacer.due()) await pacer.pause();
    }
  }
  enqueue(arisen);

  // 2. Merge the first pair of the queue in its words, over and over. The queue is lazy: a pair's count falls when one of its
  //    tokens is merged with another neighbour, and its place in the queue is put right when it comes first.
  const merges: [left: number, right: number][] = [];
  while (spellings.length < vocabularySize) {
    if (pacer.due()) {
      onProgress?.({ phase: 'merge', done: spellings.length, total: vocabularySize });
      await pacer.pause();
    }
    const top = heapPop(queue, comesFirst);
    if (top === undefined) break;
    const { left, right } = top;
    const count = pairCounts.get(keyOf(left, right))!;
    if (top.count !== count) {
      top.count = count;
      heapPush(queue, top, comesFirst);
      continue;
    }
    if (count < Math.max(1, minimumFrequency)) break;

    const spelling = spellings[left]! + spellings[right]!;
    if (forbidden.has(spelling)) continue;
    const product = spellings.push(spelling) - 1;
    merges.push([left, right]);
    arisen = new Map();
    for (const word of top.words) {
      const wordCount = words.counts[word]!;
      mergeInWord(words, word, [left, right], product, (changedLeft, changedRight, change) => {
        const key = keyOf(changedLeft, changedRight);
        pairCounts.set(key, (pairCounts.get(key) ?? 0) + change * wordCount);
        if (change > 0) addWord(arisen, key, word);
      });
    }
    enqueue(arisen);
  }
  onProgress?.({ phase: 'merge', done: spellings.length, total: vocabularySize });
  return merges;
}

/** Lists a word under a pair. Words come one after the other, so a word that is listed already is the last one. */
function addWord(arisen: Map<number, number[]>, key: number, word: number): void {
  const list = arisen.get(key);
  if (list === undefined) arisen.set(key, [word]);
  else if (list[list.length - 1] !== word) list.push(word);
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
