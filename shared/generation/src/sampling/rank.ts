/** @file Tokens in the order of their logits, of which mostly the first few are wanted. */

/** Ids below this and a rank of 32 bits make an integer that float64 holds exactly; no vocabulary is near it. */
const IDS = 2 ** 21;

/**
 * The first bits of a rank, by which tokens are counted before any are sorted: of a float32 sign, exponent and three bits of the mantissa. A likely
 * token shares them with some dozens of others, and counts of all fit into the first-level cache.
 */
const PREFIX_BITS = 12;
const SHIFT = 32 - PREFIX_BITS;

/**
 * A number of 32 bits that is the smaller the larger a logit is. The bits of positive floats ascend with them; those of negative ones, whose first bit is
 * set, descend, and all but the first are turned around; one more makes −0 the same as 0. Without a branch, since signs are hard to foretell.
 *
 * @param bits of a float32, as an int32
 */
const rankOf = (bits: number): number => (0x7fffffff - (bits ^ ((bits >> 31) >>> 1)) - (bits >>> 31)) >>> 0;

/** Tokens in the order of their logits, of which none is sorted before it is asked for. */
class Ranking {
  readonly #bits: Int32Array;
  /** How many ranks begin with each prefix. */
  readonly #counts = new Uint32Array(2 ** PREFIX_BITS);
  /** Tokens whose rank begins with less have been told. */
  #prefix = 0;

  /** @param logits stay as they are while they are ranked */
  constructor({ buffer, byteOffset, length }: Float32Array) {
    const bits = new Int32Array(buffer, byteOffset, length);
    const counts = this.#counts;
    for (let id = 0; id < length; id++) counts[rankOf(bits[id]!) >>> SHIFT]!++;
    this.#bits = bits;
  }

  /** The ids that follow: at least `count`, where there are so many, and none once there are no more. */
  next(count: number): Uint32Array {
    const begin = (this.#prefix << SHIFT) >>> 0;
    let found = 0;
    while (found < count && this.#prefix < this.#counts.length) found += this.#counts[this.#prefix++]!;
    const last = ((this.#prefix << SHIFT) - 1) >>> 0;
    // Rank and id as one number: numbers are sorted without a function that compares them.
    const packed = new Float64Array(found);
    const bits = this.#bits;
    for (let id = 0, place = 0; place < found; id++) {
      const rank = rankOf(bits[id]!);
      if (rank >= begin && rank <= last) packed[place++] = rank * IDS + id;
    }
    packed.sort();
    const ids = new Uint32Array(found);
    for (let place = 0; place < found; place++) ids[place] = packed[place]! % IDS;
    return ids;
  }
}

/**
 * Token ids from the largest logit to the smallest, equal ones by id: more and more at a time, for those who look at the first few.
 *
 * @param logits [V], V at most 2²¹; none is NaN
 */
export function* rankedTokens(logits: Float32Array): Generator<number, void, undefined> {
  const ranking = new Ranking(logits);
  for (let count = 64; ; count *= 8) {
    const ids = ranking.next(count);
    if (ids.length === 0) return;
    yield* ids;
  }
}

/**
 * The first of {@link rankedTokens}, at once.
 *
 * @param logits [V], V at most 2²¹; none is NaN
 * @param count how many are wanted, from the first. Absent: all.
 */
export function rankTokens(logits: Float32Array, count = logits.length): Uint32Array {
  return new Ranking(logits).next(count).subarray(0, count);
}
