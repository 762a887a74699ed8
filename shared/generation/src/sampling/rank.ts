/** @file Tokens in the order of their logits. */

/** Ids below this and the 32 bits of a logit make an integer that float64 holds exactly; no vocabulary is near it. */
const IDS = 2 ** 21;

/**
 * Token ids from the largest logit to the smallest, equal ones by id. Logit and id are packed into one number, since sorting
 * numbers takes a tenth of the time that sorting by a function does.
 *
 * @param logits [V], V at most 2²¹; none is NaN
 */
export function rankTokens(logits: Float32Array): Uint32Array {
  const bits = new Int32Array(logits.map((logit) => logit + 0).buffer); // −0 becomes 0
  const packed = new Float64Array(bits.length);
  for (const [id, each] of bits.entries()) {
    // The bits of positive floats ascend with them, those of negative ones descend.
    const rank = each < 0 ? 2 ** 31 + (each & 0x7fffffff) : 2 ** 31 - 1 - each;
    packed[id] = rank * IDS + id;
  }
  packed.sort();
  const ids = new Uint32Array(bits.length);
  for (const [place, each] of packed.entries()) ids[place] = each % IDS;
  return ids;
}
