/** @file Pairs of neighbouring tokens, how often each occurs and where: merges a pair in time proportional to its occurrences. */

import type { Pacer } from './pacer.ts';
import { addPair, createPairTable, pairNumber, type PairTable } from './pair-table.ts';
import { BORDER, joinAt, type Symbols, wordAt } from './symbols.ts';

/**
 * A pair that stands at one in so many places has no list of them: they are found by going through all tokens, which takes no longer,
 * and the index stays small where few pairs make up the text (one repeated character).
 */
const DENSE = 64;
/** Stands for the list of places of such a pair. */
const EVERYWHERE = new Int32Array(0);

/** Places looked at between two looks at the clock. */
const PACE = 65_536;

/** Made by {@link indexPairs}. */
export interface PairIndex {
  /** All pairs that have arisen, with the number of their occurrences now. */
  readonly pairs: PairTable;
  /** Whether a pair can be merged: it was frequent enough when it arose, and is neither merged nor forgotten. */
  has(number: number): boolean;
  /** Frees the places of a pair that will not be merged. */
  forget(number: number): void;
  /**
   * Makes the pair one token wherever it stands, from left to right. The pairs that arise have the numbers from the former
   * `pairs.size` on.
   *
   * @param product id of the new token, which no other pair makes.
   */
  merge(number: number, product: number): void;
}

/**
 * Indexes the pairs of bytes.
 *
 * @param symbols the words as bytes; merges change them in place.
 * @param lengths bytes of each token by id, those of products included, once they are merged.
 * @param firstByte the smallest id of a byte; the others follow.
 * @param minimumFrequency pairs that are rarer when they arise cannot be merged: counts only fall.
 */
export async function indexPairs(
  symbols: Symbols,
  lengths: Int32Array,
  firstByte: number,
  minimumFrequency: number,
  pacer: Pacer,
): Promise<PairIndex> {
  const { ids, counts: wordCounts } = symbols;
  const pairs = createPairTable();
  /** By the number of the pair: ascending places, {@link EVERYWHERE}, or undefined where it cannot be merged. */
  const placesOf: (Int32Array | undefined)[] = [];
  /** Memory for the places of a pair; undefined where it is too rare to be merged. */
  const room = (number: number, occurrences: number): Int32Array | undefined => {
    if (pairs.counts[number]! < minimumFrequency) return undefined;
    return occurrences * DENSE > ids.length ? EVERYWHERE : new Int32Array(occurrences);
  };

  // 1. All pairs of bytes: counted in one pass, their places noted in another.
  const numbers = new Int32Array(256 * 256).fill(-1);
  const occurrences: number[] = []; // by the number of the pair
  const slotAt = (place: number): number => {
    const [left, right] = [ids[place]!, ids[place + 1]!];
    return left === BORDER || right === BORDER ? -1 : (left - firstByte) * 256 + right - firstByte;
  };
  for (let place = 1; place < ids.length - 1; place++) {
    if (place % PACE === 0 && pacer.due()) await pacer.pause();
    const slot = slotAt(place);
    if (slot < 0) continue;
    if (numbers[slot]! < 0) {
      numbers[slot] = addPair(pairs, ids[place]!, ids[place + 1]!);
      occurrences.push(0);
    }
    const number = numbers[slot]!;
    pairs.counts[number]! += wordCounts[wordAt(symbols, place)]!;
    occurrences[number]!++;
  }
  for (let number = 0; number < pairs.size; number++) placesOf[number] = room(number, occurrences[number]!);
  const noted = new Int32Array(pairs.size);
  for (let place = 1; place < ids.length - 1; place++) {
    if (place % PACE === 0 && pacer.due()) await pacer.pause();
    const slot = slotAt(place);
    if (slot < 0) continue;
    const number = numbers[slot]!;
    const places = placesOf[number];
    if (places !== undefined && places !== EVERYWHERE) places[noted[number]!++] = place;
  }

  // 2. Pairs that a merge lets arise, by the token that is beside the product: on its left, or, from lengths.length on, on its right.
  const arisenWith = new Int32Array(2 * lengths.length).fill(-1);

  function merge(merged: number, product: number): void {
    const places = placesOf[merged]!;
    placesOf[merged] = undefined;
    const [left, right] = [pairs.lefts[merged]!, pairs.rights[merged]!];
    const [leftLength, rightLength] = [lengths[left]!, lengths[right]!];
    const length = leftLength + rightLength;

    // a. Joins, and counts what ends with it: the pairs of left and right with their other neighbours. A product that stands before was
    //    joined just now, and the pair of its right token and our left one has ended with that.
    const joins = (place: number): boolean => {
      if (ids[place] !== left || ids[place + leftLength] !== right) return false; // merged with another neighbour meanwhile
      const times = wordCounts[wordAt(symbols, place)]!;
      const before = ids[place - 1]!;
      const after = ids[place + length]!;
      joinAt(ids, place, leftLength, rightLength, product);
      if (before !== BORDER && before !== product) pairs.counts[pairNumber(pairs, before, left)]! -= times;
      if (after !== BORDER) pairs.counts[pairNumber(pairs, right, after)]! -= times;
      return true;
    };
    let joined: Int32Array | undefined; // undefined: wherever the product stands
    if (places === EVERYWHERE) {
      for (let place = 1; place < ids.length;) place += joins(place) ? length : tokenLength(place);
    } else {
      let count = 0;
      for (let i = 0; i < places.length; i++) if (joins(places[i]!)) places[count++] = places[i]!;
      joined = places.subarray(0, count);
    }

    // b. Counts what arises: the pairs of the product with its neighbours; two products beside one another once, at the second.
    const first = pairs.size;
    occurrences.length = 0;
    const arises = (number: number, times: number): void => {
      pairs.counts[number]! += times;
      occurrences[number - first]!++;
    };
    const addArisen = (slot: number, leftId: number, rightId: number): number => {
      occurrences.push(0);
      return (arisenWith[slot] = addPair(pairs, leftId, rightId));
    };
    forEachProduct((place) => {
      const times = wordCounts[wordAt(symbols, place)]!;
      const before = ids[place - 1]!;
      if (before !== BORDER) {
        const number = arisenWith[before]!;
        arises(number < 0 ? addArisen(before, before, product) : number, times);
      }
      const after = ids[place + length]!;
      if (after !== BORDER && after !== product) {
        const number = arisenWith[lengths.length + after]!;
        arises(number < 0 ? addArisen(lengths.length + after, product, after) : number, times);
      }
    });

    // c. Notes where it arises.
    let some = false;
    for (let number = first; number < pairs.size; number++) {
      const list = (placesOf[number] = room(number, occurrences[number - first]!));
      if (list !== undefined && list !== EVERYWHERE) some = true;
      occurrences[number - first] = 0;
    }
    const note = (number: number, place: number): void => {
      const list = placesOf[number];
      if (list !== undefined && list !== EVERYWHERE) list[occurrences[number - first]!++] = place;
    };
    if (some) {
      forEachProduct((place) => {
        const before = ids[place - 1]!;
        if (before !== BORDER) note(arisenWith[before]!, place - lengths[before]!);
        const after = ids[place + length]!;
        if (after !== BORDER && after !== product) note(arisenWith[lengths.length + after]!, place);
      });
    }
    for (let number = first; number < pairs.size; number++) {
      if (pairs.rights[number] === product) arisenWith[pairs.lefts[number]!] = -1;
      if (pairs.lefts[number] === product) arisenWith[lengths.length + pairs.rights[number]!] = -1;
    }

    function forEachProduct(visit: (place: number) => void): void {
      if (joined !== undefined) {
        for (let i = 0; i < joined.length; i++) visit(joined[i]!);
        return;
      }
      for (let place = 1; place < ids.length;) {
        if (ids[place] === product) visit(place);
        place += tokenLength(place);
      }
    }
  }

  /** Bytes of the token, or one for the border, at a place where one begins. */
  function tokenLength(place: number): number {
    const id = ids[place]!;
    return id === BORDER ? 1 : lengths[id]!;
  }

  return {
    pairs,
    has: (number) => placesOf[number] !== undefined,
    forget(number) {
      placesOf[number] = undefined;
    },
    merge,
  };
}
