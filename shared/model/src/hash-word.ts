/** @file Numbers that a text stands for, such as seeds of random streams. */
import { sha256 } from '@noble/hashes/sha2.js';

/** The first 32 bits of a text's SHA-256, as an integer with a sign, little-endian: the same in Node and in a browser. */
export function hashWord(text: string): number {
  const { buffer, byteOffset } = sha256(new TextEncoder().encode(text));
  return new DataView(buffer, byteOffset).getInt32(0, true);
}
