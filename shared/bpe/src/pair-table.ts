/** @file Pairs of tokens, numbered as they arise, with what the trainer knows of each: typed arrays instead of an object per pair. */

/** Pairs 0 ... size - 1. The arrays are replaced when they grow. */
export interface PairTable {
  size: number;
  lefts: Int32Array;
  rights: Int32Array;
  /** Occurrences in the corpus now. */
  counts: Float64Array;
  /** Occurrences when the pair was queued or last put right. */
  queuedCounts: Float64Array;
  /** Hash table of the pairs with open addressing: number of the pair + 1, 0 where free; at most half full. */
  slots: Int32Array;
}

const FIRST_PAIRS = 2 ** 14;

export function createPairTable(): PairTable {
  return {
    size: 0,
    lefts: new Int32Array(FIRST_PAIRS),
    rights: new Int32Array(FIRST_PAIRS),
    counts: new Float64Array(FIRST_PAIRS),
    queuedCounts: new Float64Array(FIRST_PAIRS),
    slots: new Int32Array(2 * FIRST_PAIRS),
  };
}

/** The number of a pair that is in the table. */
export function pairNumber({ slots, lefts, rights }: PairTable, left: number, right: number): number {
  const mask = slots.length - 1;
  for (let slot = hashOf(left, right) & mask; ; slot = (slot + 1) & mask) {
    const number = slots[slot]! - 1;
    if (number < 0) throw new Error(`no pair of ${left} and ${right}`);
    if (lefts[number] === left && rights[number] === right) return number;
  }
}

/** Adds a pair that is not in the table, and returns its number. */
export function addPair(table: PairTable, left: number, right: number): number {
  if (table.size === table.lefts.length) grow(table);
  const number = table.size++;
  table.lefts[number] = left;
  table.rights[number] = right;
  occupy(table, number);
  return number;
}

function occupy({ slots, lefts, rights }: PairTable, number: number): void {
  const mask = slots.length - 1;
  let slot = hashOf(lefts[number]!, rights[number]!) & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = number + 1;
}

function grow(table: PairTable): void {
  const capacity = 2 * table.lefts.length;
  const longer = <T extends Int32Array | Float64Array>(array: T, copy: T): T => (copy.set(array), copy);
  table.lefts = longer(table.lefts, new Int32Array(capacity));
  table.rights = longer(table.rights, new Int32Array(capacity));
  table.counts = longer(table.counts, new Float64Array(capacity));
  table.queuedCounts = longer(table.queuedCounts, new Float64Array(capacity));
  table.slots = new Int32Array(2 * capacity);
  for (let number = 0; number < table.size; number++) occupy(table, number);
}

function hashOf(left: number, right: number): number {
  const hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
