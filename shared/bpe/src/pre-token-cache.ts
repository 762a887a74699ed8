/**
 * @file Remembers the ids of pre-tokens by their bytes, without a JavaScript object or string for each: a hash table with open addressing
 * on typed arrays.
 */

import { type IdBuffer, pushId } from './id-buffer.ts';

/** Slots of the table: 4 MB. At most half of them are taken, more than the distinct words of a large corpus of stories. */
const SLOTS = 2 ** 18;
/** Longer pre-tokens (in bytes) seldom come twice. */
const CACHED_LENGTH = 64;
/** Bytes of the keys that do not fit in their slot, and ids of the pre-tokens that are several tokens. */
const KEY_BYTES = 4 * 2 ** 20;
const IDS = 2 ** 20;

/** Masks of the first four bytes of a little-endian number of four bytes. */
const MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1);

/** A cache of limited size: when it is full, it is emptied. */
export interface PreTokenCache {
  /** Appends the ids of the pre-token `bytes[start ... end - 1]`; they are asked of `encode` where they are not known. */
  append(bytes: Uint8Array, view: DataView, start: number, end: number, out: IdBuffer): void;
}

/**
 * @param encode appends the ids of a pre-token.
 * @param limits of the table, for tests.
 */
export function createPreTokenCache(
  encode: (bytes: Uint8Array, start: number, end: number, out: IdBuffer) => void,
  { slots = SLOTS, keyBytes = KEY_BYTES, ids: idCapacity = IDS } = {},
): PreTokenCache {
  // A slot is four numbers: a key of up to 8 bytes in two of them, or the hash and the place in `keys` of a longer one; its length (0: the
  // slot is free); and its id, or -1 - its place in `values`, where the number of ids is followed by the ids.
  const table = new Int32Array(4 * slots);
  const keys = new Uint8Array(keyBytes);
  const values = new Int32Array(idCapacity);
  let [taken, keysEnd, valuesEnd] = [0, 0, 0];

  function insert(slot: number, key0: number, bytes: Uint8Array, start: number, end: number, out: IdBuffer): void {
    const from = out.length;
    encode(bytes, start, end, out);
    const count = out.length - from;
    const length = end - start;
    if (2 * (taken + 1) > slots || keysEnd + length > keyBytes || valuesEnd + count + 1 > idCapacity) {
      table.fill(0);
      [taken, keysEnd, valuesEnd] = [0, 0, 0];
      return; // remembered next time
    }
    taken++;
    table[slot] = key0;
    if (length > 8) {
      keys.set(bytes.subarray(start, end), keysEnd);
      table[slot + 1] = keysEnd;
      keysEnd += length;
    }
    table[slot + 2] = length;
    if (count === 1) {
      table[slot + 3] = out.ids[from]!;
    } else {
      table[slot + 3] = -1 - valuesEnd;
      values[valuesEnd++] = count;
      for (let i = from; i < out.length; i++) values[valuesEnd++] = out.ids[i]!;
    }
  }

  function appendValue(value: number, out: IdBuffer): void {
    if (value >= 0) return pushId(out, value);
    const first = -value; // behind the number of ids
    const end = first + values[first - 1]!;
    for (let i = first; i < end; i++) pushId(out, values[i]!);
  }

  function equal(place: number, bytes: Uint8Array, start: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (keys[place + i] !== bytes[start + i]) return false;
    return true;
  }

  return {
    append(bytes, view, start, end, out) {
      const length = end - start;
      if (length > CACHED_LENGTH) return encode(bytes, start, end, out);
      if (length <= 8) {
        let key0: number;
        let key1: number;
        if (start + 8 <= bytes.length) {
          key0 = view.getInt32(start, true) & (length < 4 ? MASKS[length]! : -1);
          key1 = length > 4 ? view.getInt32(start + 4, true) & MASKS[length - 4]! : 0;
        } else {
          [key0, key1] = [0, 0];
          for (let i = 0; i < length; i++) {
            if (i < 4) key0 |= bytes[start + i]! << (8 * i);
            else key1 |= bytes[start + i]! << (8 * i - 32);
          }
        }
        let hash = Math.imul(key0, 0x9e3779b1) ^ Math.imul(key1 + length, 0x85ebca6b);
        hash ^= hash >>> 15;
        for (let at = hash & (slots - 1); ; at = (at + 1) & (slots - 1)) {
          const slot = 4 * at;
          const found = table[slot + 2]!;
          if (found === 0) {
            table[slot + 1] = key1;
            return insert(slot, key0, bytes, start, end, out);
          }
          if (found === length && table[slot] === key0 && table[slot + 1] === key1) {
            return appendValue(table[slot + 3]!, out);
          }
        }
      }
      let hash = length;
      for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
      hash ^= hash >>> 15;
      for (let at = hash & (slots - 1); ; at = (at + 1) & (slots - 1)) {
        const slot = 4 * at;
        const found = table[slot + 2]!;
        if (found === 0) return insert(slot, hash, bytes, start, end, out);
        if (found === length && table[slot] === hash && equal(table[slot + 1]!, bytes, start, length)) {
          return appendValue(table[slot + 3]!, out);
        }
      }
    },
  };
}
