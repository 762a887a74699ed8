/** @file Integers between bounds, by their digits. */
import { alternatives, characters, type Expression, literal, sequence } from './expression.ts';

/** The largest number of 15 digits: all integers up to it are exact in float64. */
export const LARGEST_INTEGER = 1e15 - 1;

const ZERO = 0x30;

/** Integers from `least` to `most` of at most 15 digits, without a sign before 0. */
export function integerBetween(least: number, most: number): Expression {
  const [first, last] = [Math.max(Math.ceil(least), -LARGEST_INTEGER), Math.min(Math.floor(most), LARGEST_INTEGER)];
  const negative = alternatives(magnitudes(Math.max(1, -last), -first));
  return alternatives([sequence([literal('-'), negative]), ...magnitudes(Math.max(0, first), last)]);
}

/** Each of numbers whose digits are independent of each other. */
function magnitudes(first: number, last: number): Expression[] {
  if (first > last) return [];
  const digits = `${first}`.length;
  if (`${last}`.length > digits) return upTo(first, 10 ** digits - 1, last);
  // Where a leading digit differs, all digits behind it must be 0 to 9.
  for (let power = 10; Math.floor(first / power) !== Math.floor(last / power); power *= 10) {
    if (first % power !== 0) return upTo(first, first - (first % power) + power - 1, last);
    if (last % power !== power - 1) return upTo(first, last - (last % power) - 1, last);
  }
  return [sequence(Array.from(`${first}`, (digit, i) => characters([[codeOf(digit), codeOf(`${last}`.charAt(i))]])))];
}

function upTo(first: number, middle: number, last: number): Expression[] {
  return [...magnitudes(first, middle), ...magnitudes(middle + 1, last)];
}

function codeOf(digit: string): number {
  return ZERO + Number(digit);
}
