/** @file Applies the merges of a BPE model to the bytes of one pre-token. */

import { heapPop, heapPush } from './heap.ts';
import { type IdBuffer, pushId } from './id-buffer.ts';
import { mergeProducts } from './merge-products.ts';
import { createLongByteMerger } from './merge-long-bytes.ts';
import type { BpeModel } from './model.ts';

/** Heap entries are rank * POSITIONS + position: they sort by rank, then from left to right. Exact below 2^53: 2^21 ranks. */
const POSITIONS = 2 ** 32;
/** Bytes from which on a pre-token is long: its pairs would fill a large heap. */
const LONG = 2 ** 16;
const smaller = (a: number, b: number): boolean => a < b;

/**
 * Prepares a function that turns bytes into ids: as long as there is a pair of neighbours that a merge joins, the one of
 * lowest rank is joined, the leftmost first. O(n log n) for n bytes.
 *
 * @param ordinaryIds from {@link ordinaryTokenIds}.
 * @param longFrom bytes of a pre-token that is left to {@link createLongByteMerger}, for tests.
 * @returns appends the ids of the bytes of one pre-token.
 */
export function createByteMerger(
  model: BpeModel,
  ordinaryIds: ReadonlyMap<string, number>,
  longFrom = LONG,
): (bytes: Uint8Array, out: IdBuffer) => void {
  const size = model.vocabulary.length;
  const products = mergeProducts(model);
  const ranks = new Map(model.merges.map(([left, right], rank) => [left * size + right, rank]));
  const byteIds = Int32Array.from({ length: 256 }, (_, byte) => ordinaryIds.get(String.fromCharCode(byte))!);
  const lengths = Int32Array.from(model.vocabulary, (token) => token.length);
  let mergeLong: ReturnType<typeof createLongByteMerger> | undefined; // most texts have no long pre-token

  // The symbols of a pre-token are a linked list over its byte positions; -1 and `length` lie beyond its ends.
  let symbols = new Int32Array(0);
  let next = new Int32Array(0);
  let previous = new Int32Array(0);
  let pairRanks = new Int32Array(0); // rank of the pair that begins here, -1 where there is none
  const heap: number[] = [];

  function considerPair(position: number, length: number): void {
    const second = next[position]!;
    const rank = second < length ? ranks.get(symbols[position]! * size + symbols[second]!) : undefined;
    pairRanks[position] = rank ?? -1;
    if (rank !== undefined) heapPush(heap, rank * POSITIONS + position, smaller);
  }

  return (bytes, out) => {
    const { length } = bytes;
    if (length >= longFrom) {
      mergeLong ??= createLongByteMerger({ size, merges: model.merges, products, ranks, byteIds, lengths });
      return mergeLong(bytes, out);
    }
    if (symbols.length < length) {
      const capacity = 2 * length;
      symbols = new Int32Array(capacity);
      next = new Int32Array(capacity);
      previous = new Int32Array(capacity);
      pairRanks = new Int32Array(capacity);
    }
    for (let i = 0; i < length; i++) {
      symbols[i] = byteIds[bytes[i]!]!;
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (let i = 0; i < length; i++) considerPair(i, length);

    for (let entry = heapPop(heap, smaller); entry !== undefined; entry = heapPop(heap, smaller)) {
      const position = entry % POSITIONS;
      const rank = (entry - position) / POSITIONS;
      if (pairRanks[position] !== rank) continue; // one of the pair has been merged meanwhile
      const second = next[position]!;
      const after = next[second]!;
      symbols[position] = products[rank]!;
      pairRanks[second] = -1;
      next[position] = after;
      if (after < length) previous[after] = position;
      considerPair(position, length);
      if (previous[position]! >= 0) considerPair(previous[position]!, length);
    }

    for (let i = 0; i < length; i = next[i]!) pushId(out, symbols[i]!);
  };
}
