/** @file Learns merges: a lazy queue of pairs, and for each pair the positions at which it stands. */

import { heapPop, heapPush } from './heap.ts';
import type { Pacer } from './pacer.ts';
import { addPair, createPairTable, pairNumber } from './pair-table.ts';
import { BORDER, joinAt, type Symbols } from './symbols.ts';

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
  { ids, words, counts: wordCounts }: Symbols,
  vocabulary: Uint8Array[],
  { vocabularySize, minimumFrequency, tieBreak, specialTokens, onProgress }: LearnMergesOptions,
  pacer: Pacer,
): Promise<[left: number, right: number][]> {
  const lengths = new Int32Array(Math.max(vocabularySize, vocabulary.length));
  for (const [id, { length }] of vocabulary.entries()) lengths[id] = length;
  const forbidden = new Set(specialTokens.map((token) => Buffer.from(token).toString('latin1')));
  const longestForbidden = Math.max(0, ...specialTokens.map((token) => Buffer.byteLength(token)));

  const pairs = createPairTable();
  const positionsOf: (Int32Array | undefined)[] = []; // by the number of the pair, ascending; released when it is merged
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

  // Pairs that arise, which have a token in common: numbered by their other token; and where they arise.
  const arisenWith = new Int32Array(2 * lengths.length).fill(-1);
  let arisenNumbers = new Int32Array(1024);
  let arisenPositions = new Int32Array(1024);
  let arisenLength = 0;
  const arise = (number: number, position: number, count: number): void => {
    pairs.counts[number]! += count;
    if (arisenLength === arisenNumbers.length) {
      arisenNumbers = doubled(arisenNumbers);
      arisenPositions = doubled(arisenPositions);
    }
    arisenNumbers[arisenLength] = number;
    arisenPositions[arisenLength++] = position;
  };
  /** Puts the pairs from number `first` on, which have arisen, into the queue with their positions. */
  const enqueueArisen = (first: number): void => {
    const ends = new Int32Array(pairs.size - first + 1);
    for (let i = 0; i < arisenLength; i++) ends[arisenNumbers[i]! - first + 1]!++;
    for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!;
    const starts = ends.slice();
    const sorted = new Int32Array(arisenLength);
    for (let i = 0; i < arisenLength; i++) sorted[starts[arisenNumbers[i]! - first]!++] = arisenPositions[i]!;
    for (let number = first; number < pairs.size; number++) {
      pairs.queuedCounts[number] = pairs.counts[number]!;
      if (pairs.counts[number]! < minimumFrequency) continue; // counts only fall
      // A copy where the pair is one of several, so that each is released by itself.
      positionsOf[number] = sorted.slice(ends[number - first], ends[number - first + 1]);
      heapPush(queue, number, comesFirst);
    }
    arisenLength = 0;
  };

  // 1. All pairs of bytes: counted in one pass, their positions noted in another. Nothing else is kept for each byte of the text, which
  //    may be one long word.
  const firstByte = vocabulary.length - 256;
  const numbers = new Int32Array(256 * 256).fill(-1);
  const occurrences = new Int32Array(256 * 256); // by number of the pair
  const slotAt = (position: number): number => {
    const [left, right] = [ids[position]!, ids[position + 1]!];
    return left === BORDER || right === BORDER ? -1 : (left - firstByte) * 256 + right - firstByte;
  };
  for (let position = 1; position < ids.length - 1; position++) {
    if (position % 65_536 === 0 && pacer.due()) await pacer.pause();
    const slot = slotAt(position);
    if (slot < 0) continue;
    if (numbers[slot]! < 0) numbers[slot] = addPair(pairs, ids[position]!, ids[position + 1]!);
    const number = numbers[slot]!;
    pairs.counts[number]! += wordCounts[words[position]!]!;
    occurrences[number]!++;
  }
  for (let number = 0; number < pairs.size; number++) {
    pairs.queuedCounts[number] = pairs.counts[number]!;
    if (pairs.counts[number]! < minimumFrequency) continue;
    positionsOf[number] = new Int32Array(occurrences[number]!);
    heapPush(queue, number, comesFirst);
  }
  const noted = new Int32Array(pairs.size);
  for (let position = 1; position < ids.length - 1; position++) {
    if (position % 65_536 === 0 && pacer.due()) await pacer.pause();
    const slot = slotAt(position);
    const number = slot < 0 ? -1 : numbers[slot]!;
    const positions = positionsOf[number];
    if (positions !== undefined) positions[noted[number]!++] = position;
  }

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
      positionsOf[top] = undefined;
      continue;
    }
    if (count !== pairs.queuedCounts[top]) {
      pairs.queuedCounts[top] = count;
      heapPush(queue, top, comesFirst);
      continue;
    }
    const positions = positionsOf[top]!;
    positionsOf[top] = undefined;
    const [left, right] = [pairs.lefts[top]!, pairs.rights[top]!];
    const [leftLength, rightLength] = [lengths[left]!, lengths[right]!];
    const length = leftLength + rightLength;
    const token = Buffer.concat([vocabulary[left]!, vocabulary[right]!]);
    if (length <= longestForbidden && forbidden.has(token.toString('latin1'))) continue;
    const product = vocabulary.push(new Uint8Array(token)) - 1;
    lengths[product] = length;
    merges.push([left, right]);

    const firstArisen = pairs.size;
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i]!;
      if (ids[position] !== left || ids[position + leftLength] !== right) continue; // merged with another neighbour meanwhile
      const times = wordCounts[words[position]!]!;
      const before = ids[position - 1]!;
      const after = ids[position + length]!;
      joinAt(ids, position, leftLength, rightLength, product);
      if (before !== BORDER) {
        pairs.counts[pairNumber(pairs, before, left)]! -= times;
        let number = arisenWith[before]!;
        if (number < 0) arisenWith[before] = number = addPair(pairs, before, product);
        arise(number, position - lengths[before]!, times);
      }
      if (after !== BORDER) {
        pairs.counts[pairNumber(pairs, right, after)]! -= times;
        const slot = lengths.length + after;
        let number = arisenWith[slot]!;
        if (number < 0) arisenWith[slot] = number = addPair(pairs, product, after);
        arise(number, position, times);
      }
    }
    for (let number = firstArisen; number < pairs.size; number++) {
      if (pairs.rights[number] === product) arisenWith[pairs.lefts[number]!] = -1;
      if (pairs.lefts[number] === product) arisenWith[lengths.length + pairs.rights[number]!] = -1;
    }
    enqueueArisen(firstArisen);
  }
  onProgress(vocabulary.length);
  return merges;
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * array.length);
  longer.set(array);
  return longer;
}
