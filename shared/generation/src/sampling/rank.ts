/** @file Tokens in the order of their logits, of which mostly the first few are wanted. */
import { type DrawingKernels, drawingKernels } from '@arrowsmith/backend';

/** Tokens that are ranked before anybody asks for the next one: those that a draw mostly ends among. */
const FIRST = 64;

/** The kernel ranks few tokens; more are sorted faster as numbers. */
const MOST_BY_KERNEL = 1024;

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

/** A vocabulary so small is sorted as a whole. */
const SMALL = 512;

/** Tokens in the order of their logits, of which none is sorted before it is asked for. */
class Ranking {
  readonly #bits: Int32Array;
  /** How many ranks begin with each prefix; of a small vocabulary nothing. */
  readonly #counts: Uint32Array | undefined;
  /** Tokens whose rank begins with less have been told. */
  #prefix = 0;

  /** @param logits stay as they are while they are ranked */
  constructor({ buffer, byteOffset, length }: Float32Array) {
    const bits = new Int32Array(buffer, byteOffset, length);
    this.#bits = bits;
    if (length <= SMALL) return;
    const counts = new Uint32Array(2 ** PREFIX_BITS);
    for (let id = 0; id < length; id++) counts[rankOf(bits[id]!) >>> SHIFT]!++;
    this.#counts = counts;
  }

  /** The ids that follow: at least `count`, where there are so many, and none once there are no more. */
  next(count: number): Uint32Array {
    const end = 2 ** PREFIX_BITS;
    const begin = this.#prefix;
    if (begin === end) return new Uint32Array(0);
    let found = 0;
    if (this.#counts === undefined) {
      found = this.#bits.length;
      this.#prefix = end;
    } else {
      while (found < count && this.#prefix < end) found += this.#counts[this.#prefix++]!;
    }
    return sortedIds(this.#bits, (begin << SHIFT) >>> 0, ((this.#prefix << SHIFT) - 1) >>> 0, found);
  }
}

/** The ids of the `count` tokens with ranks from `first` to `last`, in their order. */
function sortedIds(bits: Int32Array, first: number, last: number, count: number): Uint32Array {
  // Rank and id as one number: numbers are sorted without a function that compares them.
  const packed = new Float64Array(count);
  for (let id = 0, place = 0; place < count; id++) {
    const rank = rankOf(bits[id]!);
    if (rank >= first && rank <= last) packed[place++] = rank * IDS + id;
  }
  packed.sort();
  const ids = new Uint32Array(count);
  for (let place = 0; place < count; place++) ids[place] = packed[place]! % IDS;
  return ids;
}

/** The token with the largest logit, the first of equal ones; −1 where a logit is NaN. */
export function likeliestToken(logits: Float32Array): number {
  const kernels = drawingKernels();
  if (kernels !== undefined) {
    const [id] = byKernel(logits, 1, kernels);
    return id ?? -1;
  }
  let likeliest = 0;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (Number.isNaN(logit)) return -1;
    if (logit > logits[likeliest]!) likeliest = id;
  }
  return likeliest;
}

/**
 * Token ids from the largest logit to the smallest, equal ones by id: more and more at a time, for those who look at the first few.
 *
 * @param logits [V], V at most 2²¹; none is NaN
 */
export function* rankedTokens(logits: Float32Array): Generator<number, void, undefined> {
  const first = rankTokens(logits, FIRST);
  yield* first;
  if (first.length === logits.length) return;
  const ranking = new Ranking(logits);
  let count = 8 * FIRST;
  for (let ids = ranking.next(count).subarray(FIRST); ids.length > 0; ids = ranking.next((count *= 8))) yield* ids;
}

/**
 * The first of {@link rankedTokens}, at once.
 *
 * @param logits [V], V at most 2²¹; none is NaN
 * @param count how many are wanted, from the first. Absent: all.
 */
export function rankTokens(logits: Float32Array, count = logits.length): Uint32Array {
  const kernels = drawingKernels();
  if (kernels !== undefined && count <= MOST_BY_KERNEL) return new Uint32Array(byKernel(logits, count, kernels).buffer);
  return new Ranking(logits).next(count).subarray(0, count);
}

function byKernel(logits: Float32Array, count: number, kernels: DrawingKernels): Int32Array {
  const ids = new Int32Array(Math.min(count, logits.length));
  if (ids.length > 0) kernels.rankLogits(logits, ids);
  return ids;
}
