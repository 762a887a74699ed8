/** @file A block of numbers as heads and planes, and back. */
import type { JoinPlanes } from '@arrowsmith/backend';
import { headMask, type NumberLayout, restOf } from './number-layout.ts';

/** Numbers of a block: what is compressed at once, and what a decoder has in memory beside its result. */
export const BLOCK = 32_768;

/** Heads and planes of some numbers, in memory that is as long as whole words of planes need. */
export interface Block {
  /** A byte for each number. */
  readonly heads: Uint8Array<ArrayBuffer>;
  /** Plane r, of the bits number r below the head, from `r · 4 · words` on; the last one is the signs'. */
  readonly planes: Uint8Array<ArrayBuffer>;
  /** A 32nd of the numbers. */
  readonly words: number;
}

/** Room for so many numbers, at most {@link BLOCK}. */
export function emptyBlock(layout: NumberLayout, count: number): Block {
  const words = Math.ceil(count / 32);
  return {
    heads: new Uint8Array(32 * words),
    planes: new Uint8Array(4 * words * restOf(layout)),
    words,
  };
}

/** Numbers as unsigned integers of their bits. @param bytes aligned for them */
export function numbersOf({ bits }: NumberLayout, bytes: Uint8Array): Uint8Array | Uint16Array | Uint32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (bits === 8) return new Uint8Array(buffer, byteOffset, byteLength);
  if (bits === 16) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** Numbers, given by their bits, as a block. */
export function split(layout: NumberLayout, numbers: ArrayLike<number>): Block {
  const { bits, isSigned, tail } = layout;
  const block = emptyBlock(layout, numbers.length);
  const mask = headMask(layout);
  const stride = 4 * block.words;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    block.heads[i] = (number >>> tail) & mask;
    const at = i >>> 3;
    const to = i & 7;
    for (let r = 0; r < tail; r++) block.planes[r * stride + at]! |= ((number >>> r) & 1) << to;
    if (isSigned) block.planes[tail * stride + at]! |= (number >>> (bits - 1)) << to;
  }
  return block;
}

/**
 * The numbers of a block, which {@link split} made.
 *
 * @param dropped so many of the lowest planes are not there: numbers are in the middle of those that they may have been (their highest bit is 1,
 *   the others are 0), but zeros, infinities and what is no number stay as near to that as they can (all bits are 0)
 * @param numbers where they are put: for whole words of planes, aligned for 32 bits
 * @param kernel a backend's, which gives the same bits
 */
export function join(
  layout: NumberLayout,
  { heads, planes, words }: Block,
  dropped: number,
  numbers: Uint8Array,
  kernel: JoinPlanes | undefined = joinHere,
): void {
  const { bits, isSigned } = layout;
  const parts = { words, rest: restOf(layout), isSigned, dropped };
  kernel(bits, parts, wordsOf(heads), wordsOf(planes), wordsOf(numbers));
}

/** The same memory in words. @param bytes a whole number of them, aligned */
export const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array =>
  new Int32Array(buffer, byteOffset, byteLength / 4);

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** For backends without a kernel. Planes are gone through one after the other, 32 numbers at a time. */
const joinHere: JoinPlanes = (bits, { words, rest, isSigned, dropped }, heads, planes, numbers) => {
  const tail = rest - (isSigned ? 1 : 0);
  const mask = 2 ** (bits - rest) - 1;
  const middle = dropped === 0 ? 0 : 1 << (dropped - 1);
  const head = bytesOf(heads);
  const to = numbersOf({ bits } as NumberLayout, bytesOf(numbers));
  const shifts = Array.from({ length: rest }, (_, r) => (isSigned && r === tail ? bits - 1 : r));
  for (let word = 0; word < words; word++) {
    for (let i = 32 * word; i < 32 * word + 32; i++) {
      const exponent = head[i]! & mask;
      const isExact = isSigned && (exponent === 0 || exponent === mask);
      to[i] = (exponent << tail) | (isExact ? 0 : middle);
    }
    for (let r = dropped; r < rest; r++) {
      const shift = shifts[r]!;
      // Only the bits that are set: half of them, where they are random.
      for (let bitsLeft = planes[r * words + word]!; bitsLeft !== 0; bitsLeft &= bitsLeft - 1) {
        to[32 * word + 31 - Math.clz32(bitsLeft & -bitsLeft)]! |= 1 << shift;
      }
    }
  }
};
