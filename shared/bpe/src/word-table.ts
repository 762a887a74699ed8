/** @file Distinct byte strings ("words") and how often each occurs: a hash table without an object per word. */

/** Words in the order in which they first came. */
export interface WordCounts {
  /** The words one after the other, without anything between them. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Where each word begins in `bytes`, and at last where the last one ends. */
  starts: Float64Array<ArrayBuffer>;
  /** Occurrences of each word. */
  counts: Float64Array<ArrayBuffer>;
}

/** Counts words; made by {@link createWordTable}. */
export interface WordTable {
  /** Counts the word `source[start ... end - 1]` `times` times more; copies it where it is new. */
  add(source: Uint8Array, start: number, end: number, times: number): void;
  /** Number of distinct words. */
  readonly size: number;
  /** What was counted, in memory of its own. The table is empty afterwards. */
  take(): WordCounts;
}

const FIRST_SLOTS = 2 ** 12;

/** An empty table: open addressing with linear probing, at most half full. */
export function createWordTable(): WordTable {
  let slots = new Int32Array(FIRST_SLOTS); // index of the word + 1; 0 where the slot is free
  let slotHashes = new Int32Array(FIRST_SLOTS);
  let bytes = new Uint8Array(2 ** 16);
  let starts = new Float64Array(FIRST_SLOTS / 2 + 1);
  let counts = new Float64Array(FIRST_SLOTS / 2);
  let size = 0;

  function grow(): void {
    const [oldSlots, oldHashes] = [slots, slotHashes];
    slots = new Int32Array(2 * oldSlots.length);
    slotHashes = new Int32Array(slots.length);
    const mask = slots.length - 1;
    for (let old = 0; old < oldSlots.length; old++) {
      if (oldSlots[old] === 0) continue;
      let slot = oldHashes[old]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = oldSlots[old]!;
      slotHashes[slot] = oldHashes[old]!;
    }
    starts = resized(starts, slots.length / 2 + 1);
    counts = resized(counts, slots.length / 2);
  }

  function append(source: Uint8Array, start: number, end: number): void {
    const at = starts[size]!;
    const needed = at + end - start;
    if (needed > bytes.length) bytes = resized(bytes, Math.max(needed, 2 * bytes.length));
    if (end - start > 64) bytes.set(source.subarray(start, end), at);
    else for (let i = start; i < end; i++) bytes[at + i - start] = source[i]!;
    starts[++size] = needed;
  }

  return {
    add(source, start, end, times) {
      const hash = hashOf(source, start, end);
      const mask = slots.length - 1;
      let slot = hash & mask;
      for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
        if (slotHashes[slot] === hash) {
          const at = starts[entry - 1]!;
          if (starts[entry]! - at === end - start && equal(bytes, at, source, start, end)) {
            counts[entry - 1]! += times;
            return;
          }
        }
        slot = (slot + 1) & mask;
      }
      append(source, start, end);
      slots[slot] = size;
      slotHashes[slot] = hash;
      counts[size - 1] = times;
      if (2 * size >= slots.length) grow();
    },
    get size() {
      return size;
    },
    take() {
      const end = starts[size]!;
      const taken = { bytes: bytes.slice(0, end), starts: starts.slice(0, size + 1), counts: counts.slice(0, size) };
      slots.fill(0);
      size = 0;
      return taken;
    },
  };
}

/** FNV-1a, whose high bits are then folded into the low ones, by which slots are chosen. */
function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

function equal(a: Uint8Array, at: number, b: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (a[at + i - start] !== b[i]) return false;
  return true;
}

function resized<T extends Uint8Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}
