/**
 * @file Keys and values clustered across tokens: equal vectors of tokens kept once, and of the others the numbers of a channel side by side, as they are
 * alike in size and sign, which those of a token are not.
 */
import type { GatherColumns16 } from '@arrowsmith/backend';
import type { NumberLayout } from './number-layout.ts';
import { numbersOf, wordsOf } from './regroup.ts';

/** What a matrix [tokens, channels] becomes. */
export interface Clustered {
  /** [channels, distinct] */
  bytes: Uint8Array;
  distinct: number;
  /** Of each token 0 where its vector is the next of the distinct ones, and else 1 more than the number of that which it equals. */
  index: Uint32Array;
}

/** Numbers of a tile's side: two tiles are in the nearest cache, whatever the strides. */
const TILE = 64;

/** @param bytes [tokens, channels], aligned for numbers */
export function cluster(layout: NumberLayout, bytes: Uint8Array, tokens: number, channels: number): Clustered {
  const rowBytes = (channels * layout.bits) / 8;
  const seen = new Map<string, number>();
  const index = new Uint32Array(tokens);
  const first: number[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let token = 0; token < tokens; token++) {
    const vector = buffer.toString('latin1', token * rowBytes, (token + 1) * rowBytes);
    const known = seen.get(vector);
    if (known === undefined) {
      seen.set(vector, first.length);
      first.push(token);
    } else index[token] = known + 1;
  }
  const distinct = first.length;
  const clustered = new Uint8Array(distinct * rowBytes);
  const [from, to] = [numbersOf(layout, bytes), numbersOf(layout, clustered)];
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < distinct; i++) to[channel * distinct + i] = from[first[i]! * channels + channel]!;
  }
  return { bytes: clustered, distinct, index };
}

/** The number of each token's vector among the distinct ones; undefined where an index is none of so many. */
export function resolveIndex({
  index,
  distinct,
}: Pick<Clustered, 'index' | 'distinct'>): Uint32Array<ArrayBuffer> | undefined {
  let next = 0;
  const numbers = Uint32Array.from(index, (each) => (each === 0 ? next++ : each - 1));
  let isValid = next === distinct;
  next = 0;
  for (const [token, number] of numbers.entries()) {
    if (index[token] === 0) next++;
    isValid &&= number < next;
  }
  return isValid ? numbers : undefined;
}

/**
 * The matrix that {@link cluster} was given.
 *
 * @param bytes [channels, distinct]
 * @param numbers of {@link resolveIndex}
 * @param tokens where it is put, [tokens, channels]
 * @param kernel a backend's, which gives the same
 */
export function scatter(
  layout: NumberLayout,
  { bytes, distinct, numbers }: { bytes: Uint8Array; distinct: number; numbers: Uint32Array<ArrayBuffer> },
  channels: number,
  tokens: Uint8Array,
  kernel?: GatherColumns16,
): void {
  if (kernel !== undefined && layout.bits === 16 && channels % 2 === 0 && tokens.length > 0) {
    kernel(new Int32Array(numbers.buffer), wordsOf(bytes), wordsOf(tokens));
    return;
  }
  const [from, to] = [numbersOf(layout, bytes), numbersOf(layout, tokens)];
  for (let start = 0; start < numbers.length; start += TILE) {
    const end = Math.min(start + TILE, numbers.length);
    for (let left = 0; left < channels; left += TILE) {
      const right = Math.min(left + TILE, channels);
      for (let channel = left; channel < right; channel++) {
        const row = channel * distinct;
        for (let token = start; token < end; token++) to[token * channels + channel] = from[row + numbers[token]!]!;
      }
    }
  }
}
