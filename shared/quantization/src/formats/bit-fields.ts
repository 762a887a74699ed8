/** @file Integers of a few bits in bytes, and half-precision numbers, as the blocks of formats have them. */
import { fromHalf, toHalf } from '../half-precision.ts';

/**
 * Where bits of a block's integers lie. A byte has those of 8 / `bits` integers, the first in its lowest bits, which are `span` apart: byte l of the
 * first `span` bytes has the integers l, l + span, l + 2 · span …; the next `span` bytes go on with the integers after those.
 */
export interface BitField {
  /** The first byte. */
  at: number;
  bits: 1 | 2 | 4 | 8;
  span: number;
  /** The lowest of the integer's bits that are here. Default 0. */
  shift?: number;
}

/** Writes integers into fields of a block, whose bits are 0 before. */
export function packIntegers(integers: Uint8Array, fields: readonly BitField[], block: Uint8Array): void {
  for (const { at, bits, span, shift = 0 } of fields) {
    const mask = (1 << bits) - 1;
    let i = 0;
    for (let first = at; i < integers.length; first += span) {
      for (let position = 0; position < 8; position += bits) {
        for (let l = 0; l < span; l++, i++) block[first + l]! |= ((integers[i]! >> shift) & mask) << position;
      }
    }
  }
}

/** Reads all integers from their fields. @param integers is written */
export function unpackIntegers(block: Uint8Array, fields: readonly BitField[], integers: Uint8Array): void {
  integers.fill(0);
  for (const { at, bits, span, shift = 0 } of fields) {
    const mask = (1 << bits) - 1;
    let i = 0;
    for (let first = at; i < integers.length; first += span) {
      for (let position = 0; position < 8; position += bits) {
        for (let l = 0; l < span; l++, i++) integers[i]! |= ((block[first + l]! >> position) & mask) << shift;
      }
    }
  }
}

/** Reads a half-precision number. */
export const halfAt = (block: Uint8Array, at: number): number => fromHalf(block[at]! | (block[at + 1]! << 8));

/** Writes a number in half precision. @returns its value there */
export function putHalf(value: number, block: Uint8Array, at: number): number {
  const half = toHalf(value);
  block[at] = half & 0xff;
  block[at + 1] = half >> 8;
  return fromHalf(half);
}

/** The nearest number in half precision. */
export const roundToHalf = (value: number): number => fromHalf(toHalf(value));

/** The nearest integer, halves to the one above, of those that a field has. */
export const nearestInteger = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, Math.round(value)));
