/** @file Tokens in the order of their logits. */

/** Ids below this and a rank of 32 bits make an integer that float64 holds exactly; no vocabulary is near it. */
const IDS = 2 ** 21;

/**
 * Token ids from the largest logit to the smallest, equal ones by id.
 *
 * @param logits [V], V at most 2²¹; none is NaN
 * @param count how many are wanted, from the first. Absent: all. A few are found without sorting the others.
 */
export function rankTokens(logits: Float32Array, count = logits.length): Uint32Array {
  const ranks = ranksOf(logits);
  const last = count < ranks.length ? lastNeeded(ranks, count) : 0xffff;
  // Rank and id as one number: numbers are sorted without a function that compares them.
  const packed = new Float64Array(ranks.length);
  let needed = 0;
  for (let id = 0; id < ranks.length; id++) {
    const rank = ranks[id]!;
    if (rank >>> 16 <= last) packed[needed++] = rank * IDS + id;
  }
  const first = packed.subarray(0, needed).sort().subarray(0, count);
  const ids = new Uint32Array(first.length);
  for (let place = 0; place < ids.length; place++) ids[place] = first[place]! % IDS;
  return ids;
}

/** A number of 32 bits for each logit, the smaller the larger the logit. */
function ranksOf(logits: Float32Array): Uint32Array {
  const ranks = new Uint32Array(logits.slice().buffer);
  for (let id = 0; id < ranks.length; id++) {
    const bits = ranks[id]!;
    // The bits of positive floats ascend with them; those of negative ones, whose first bit is set, descend; −0 is 0.
    ranks[id] = bits > 2 ** 31 ? bits : 2 ** 31 - 1 - (bits % 2 ** 31);
  }
  return ranks;
}

/** The upper half of the rank at a place, counted from 1: only what is up to it need be sorted. */
function lastNeeded(ranks: Uint32Array, place: number): number {
  const counts = new Uint32Array(2 ** 16);
  for (const rank of ranks) counts[rank >>> 16]!++;
  let seen = 0;
  return counts.findIndex((each) => (seen += each) >= place);
}
