/** @file A set of 64-bit hashes in a typed array: millions of documents or words in a few megabytes. */

/** A growing set of pairs of 32-bit integers. */
export interface HashSet {
  /** Entries. */
  readonly size: number;
  /** @returns whether it was not there before */
  add(high: number, low: number): boolean;
  has(high: number, low: number): boolean;
}

/**
 * Open addressing with linear probing, at most half full: 16 to 32 bytes per entry.
 *
 * Of n random 64-bit hashes two are equal with a probability of about n² / 2⁶⁵: 2·10⁻⁷ for the 2.7 million stories of
 * TinyStories.
 */
export function hashSet(): HashSet {
  let capacity = 1024;
  // Entry i is slots[2i], slots[2i + 1]; a free one is 0, 0, and the hash 0, 0 counts as 0, 1.
  let slots = new Int32Array(2 * capacity);
  let size = 0;

  /** The place of a hash, or of the free slot where it belongs. */
  const find = (high: number, low: number): number => {
    const mask = capacity - 1;
    for (let slot = (low ^ (high >>> 7)) & mask; ; slot = (slot + 1) & mask) {
      const a = slots[2 * slot]!;
      const b = slots[2 * slot + 1]!;
      if ((a === high && b === low) || (a === 0 && b === 0)) return slot;
    }
  };
  const isFree = (slot: number) => slots[2 * slot] === 0 && slots[2 * slot + 1] === 0;
  const put = (slot: number, high: number, low: number) => {
    slots[2 * slot] = high;
    slots[2 * slot + 1] = low;
  };
  const grow = () => {
    const old = slots;
    capacity *= 2;
    slots = new Int32Array(2 * capacity);
    for (let at = 0; at < old.length; at += 2) {
      const [high, low] = [old[at]!, old[at + 1]!];
      if (high !== 0 || low !== 0) put(find(high, low), high, low);
    }
  };
  const second = (high: number, low: number) => ((high | low) === 0 ? 1 : low | 0);

  return {
    get size() {
      return size;
    },
    has: (high, low) => !isFree(find(high | 0, second(high, low))),
    add(high, low) {
      const a = high | 0;
      const b = second(high, low);
      const slot = find(a, b);
      if (!isFree(slot)) return false;
      put(slot, a, b);
      if (++size > capacity / 2) grow();
      return true;
    },
  };
}
