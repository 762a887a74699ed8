/** @file Applies the merges of a BPE model to the bytes of one long pre-token, in 4 to 12 bytes of memory per byte. */

import { heapPop, heapPush } from './heap.ts';
import { type IdBuffer, pushId } from './id-buffer.ts';
import { BORDER, joinAt } from './symbols.ts';

/** The merges of a model, ready to be looked up. */
export interface MergeRules {
  /** Size of the vocabulary. */
  size: number;
  /** Pairs of ids in the order of their priority. */
  merges: readonly (readonly [left: number, right: number])[];
  /** The id that each merge makes. */
  products: Int32Array;
  /** Rank of a merge by left * size + right. */
  ranks: ReadonlyMap<number, number>;
  byteIds: Int32Array;
  /** Bytes of each id. */
  lengths: Int32Array;
}

/** Where a pair of one rank may stand. */
interface Places {
  /** Some of them have merged with other neighbours meanwhile. Undefined where they are too many: then they are looked for everywhere. */
  list: Int32Array | undefined;
  count: number;
}

/** A pair that stands at one in so many bytes is looked for everywhere, which takes about as long as a list of its places would. */
const DENSE = 64;
/** Urgent pairs are rank * PLACES + place: they sort by rank, then from left to right. Exact below 2^53: 2^21 ranks. */
const PLACES = 2 ** 32;
const smaller = (a: number, b: number): boolean => a < b;

/**
 * Joins what {@link createByteMerger} joins, in another order: of the lowest rank all pairs at once, from left to right, unless a join lets
 * a pair arise that comes before the next of them. Such pairs are urgent. They are rare, as a token is nearly always made before merges use it.
 *
 * @returns appends the ids of the bytes of one pre-token.
 */
export function createLongByteMerger({
  size,
  merges,
  products,
  ranks,
  byteIds,
  lengths,
}: MergeRules): (bytes: Uint8Array, out: IdBuffer) => void {
  /** Ranks of the pairs of bytes, which are looked up for all of the text; -1 where there is none. */
  const byteRanks = Int32Array.from({ length: 65_536 }, (_, pair) => {
    return ranks.get(byteIds[pair >> 8]! * size + byteIds[pair & 255]!) ?? -1;
  });

  return (bytes, out) => {
    const end = bytes.length + 1;
    const ids = new Int32Array(end + 1); // see `Symbols`
    ids[0] = ids[end] = BORDER;
    const placesOf = new Map<number, Places>();
    const queue: number[] = []; // of the ranks in `placesOf`
    const urgent: number[] = [];
    let current = -1; // the rank that is being merged
    let frontier = 1; // the end of what it was merged in

    const add = (rank: number, place: number): void => {
      if (rank <= current) return heapPush(urgent, rank * PLACES + place, smaller);
      let places = placesOf.get(rank);
      if (places === undefined) {
        places = { list: new Int32Array(4), count: 0 };
        placesOf.set(rank, places);
        heapPush(queue, rank, smaller);
      }
      if (places.list === undefined) return;
      if (places.count === places.list.length) {
        if (places.count * DENSE > bytes.length) {
          places.list = undefined;
          return;
        }
        const longer = new Int32Array(2 * places.count);
        longer.set(places.list);
        places.list = longer;
      }
      places.list[places.count++] = place;
    };

    /** Joins the pair of a rank if it is at this place. */
    const join = (rank: number, place: number): boolean => {
      const [left, right] = merges[rank]!;
      const leftLength = lengths[left]!;
      if (ids[place] !== left || ids[place + leftLength] !== right) return false;
      const product = products[rank]!;
      joinAt(ids, place, leftLength, lengths[right]!, product);
      const next = place + leftLength + lengths[right]!;
      if (next > frontier) frontier = next;
      const before = ids[place - 1]!;
      const after = ids[next]!;
      const rankBefore = before === BORDER ? undefined : ranks.get(before * size + product);
      const rankAfter = after === BORDER ? undefined : ranks.get(product * size + after);
      if (rankBefore !== undefined) add(rankBefore, place - lengths[before]!);
      if (rankAfter !== undefined) add(rankAfter, place);
      return true;
    };
    const joinUrgent = (): void => {
      for (let entry = heapPop(urgent, smaller); entry !== undefined; entry = heapPop(urgent, smaller)) {
        const place = entry % PLACES;
        join((entry - place) / PLACES, place);
      }
    };

    for (let place = 1; place < end; place++) {
      ids[place] = byteIds[bytes[place - 1]!]!;
      const rank = place < bytes.length ? byteRanks[(bytes[place - 1]! << 8) | bytes[place]!]! : -1;
      if (rank >= 0) add(rank, place);
    }
    for (let rank = heapPop(queue, smaller); rank !== undefined; rank = heapPop(queue, smaller)) {
      const { list, count } = placesOf.get(rank)!;
      placesOf.delete(rank);
      current = rank;
      if (list === undefined) {
        for (frontier = 1; frontier < end;) {
          if (join(rank, frontier)) joinUrgent();
          else frontier += lengths[ids[frontier]!]!;
        }
      } else {
        for (const place of list.subarray(0, count).sort()) if (join(rank, place)) joinUrgent();
      }
    }

    for (let place = 1; place < end; place += lengths[ids[place]!]!) pushId(out, ids[place]!);
  };
}
