/** @file Learns merges: a lazy queue over the index of pairs. */

import { heapPop, heapPush } from './heap.ts';
import type { Pacer } from './pacer.ts';
import { indexPairs } from './pair-index.ts';
import type { Symbols } from './symbols.ts';

/**
 * Which of equally frequent pairs is merged first: `smallerIds`, the one with the smaller left id, then the smaller right id
 * (Hugging Face tokenizers); `largerPair`, the one with the lexicographically greater left token, then right token, both
 * compared as bytes (Stanford's CS336, and Python's `max` over pairs of `bytes`).
 */
export type TieBreak = 'smallerIds' | 'largerPair';

/** What to learn. */
export interface LearnMergesOptions {
  vocabularySize: number;
  minimumFrequency: number;
  tieBreak: TieBreak;
  /** No merge makes one of these. */
  specialTokens: readonly string[];
  /** Called with the size of the vocabulary, about 20 times a second and at the end. */
  onProgress: (tokens: number) => void;
}

/**
 * Merges pairs until the vocabulary is full or no pair is frequent enough.
 *
 * Every merge makes a new token. Two different pairs cannot spell the same: all merges so far went through all words from left
 * to right, so wherever a token's bytes stand between two borders of tokens, they were cut and joined in the same way. Hence
 * all neighbours of a new token are known when it arises, and a pair enters the queue once.
 *
 * A merge takes time in proportion to the places where its pair stood when it arose, so a single word of any length is no
 * special case. All merges together look at each byte of the distinct words about as often as a token at it grows.
 *
 * @param symbols the words; they are changed in place.
 * @param vocabulary the tokens to begin with, the last 256 of which are the bytes; each new token is added to it.
 * @returns pairs of ids in the order in which they were merged.
 */
export async function learnMerges(
  symbols: Symbols,
  vocabulary: Uint8Array[],
  { vocabularySize, minimumFrequency, tieBreak, specialTokens, onProgress }: LearnMergesOptions,
  pacer: Pacer,
): Promise<[left: number, right: number][]> {
  const lengths = new Int32Array(Math.max(vocabularySize, vocabulary.length));
  for (const [id, { length }] of vocabulary.entries()) lengths[id] = length;
  const forbidden = new Set(specialTokens.map((token) => Buffer.from(token).toString('latin1')));
  const longestForbidden = Math.max(0, ...specialTokens.map((token) => Buffer.byteLength(token)));

  // 1. All pairs of bytes.
  const firstByte = vocabulary.length - 256;
  const index = await indexPairs(symbols, lengths, firstByte, minimumFrequency, pacer);
  const { pairs } = index;
  const queue: number[] = [];
  const tieFirst =
    tieBreak === 'smallerIds'
      ? (a: number, b: number): boolean =>
          pairs.lefts[a] !== pairs.lefts[b] ? pairs.lefts[a]! < pairs.lefts[b]! : pairs.rights[a]! < pairs.rights[b]!
      : (a: number, b: number): boolean => {
          const left = Buffer.compare(vocabulary[pairs.lefts[a]!]!, vocabulary[pairs.lefts[b]!]!);
          return (left || Buffer.compare(vocabulary[pairs.rights[a]!]!, vocabulary[pairs.rights[b]!]!)) > 0;
        };
  const comesFirst = (a: number, b: number): boolean => {
    const difference = pairs.queuedCounts[a]! - pairs.queuedCounts[b]!;
    return difference !== 0 ? difference > 0 : tieFirst(a, b);
  };

  const enqueueFrom = (first: number): void => {
    for (let number = first; number < pairs.size; number++) {
      pairs.queuedCounts[number] = pairs.counts[number]!;
      if (index.has(number)) heapPush(queue, number, comesFirst);
    }
  };
  enqueueFrom(0);

  // 2. Merge the first pair of the queue wherever it stands, over and over. The queue is lazy: a pair's count falls when one of
  //    its tokens is merged with another neighbour, and its place in the queue is put right when it comes first.
  const merges: [left: number, right: number][] = [];
  while (vocabulary.length < vocabularySize) {
    if (pacer.due()) {
      onProgress(vocabulary.length);
      await pacer.pause();
    }
    const top = heapPop(queue, comesFirst);
    if (top === undefined) break;
    const count = pairs.counts[top]!;
    if (count < minimumFrequency) {
      index.forget(top);
      continue;
    }
    if (count !== pairs.queuedCounts[top]) {
      pairs.queuedCounts[top] = count;
      heapPush(queue, top, comesFirst);
      continue;
    }
    const [left, right] = [pairs.lefts[top]!, pairs.rights[top]!];
    const token = Buffer.concat([vocabulary[left]!, vocabulary[right]!]);
    if (token.length <= longestForbidden && forbidden.has(token.toString('latin1'))) {
      index.forget(top);
      continue;
    }
    const product = vocabulary.push(new Uint8Array(token)) - 1;
    lengths[product] = token.length;
    merges.push([left, right]);
    const firstArisen = pairs.size;
    index.merge(top, product);
    enqueueFrom(firstArisen);
  }
  onProgress(vocabulary.length);
  return merges;
}
