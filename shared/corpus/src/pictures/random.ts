/** @file Random numbers for what is generated piece by piece: each piece has a stream of its own. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** The next whole number from 0 to below `n`, all equally likely. */
export type RandomBelow = (n: number) => number;

/** A stream that depends on (seed, index) only, both whole numbers. */
export function randomOf(seed: number, index: number): RandomBelow {
  const [a, b] = [mix(seed), mix(index ^ mix(seed))];
  const random = xoroshiro128plusFromState([a, b, ~a, mix(~b)]);
  return (n) => uniformInt(random, 0, n - 1);
}

/** A bijection of 32-bit integers that turns neighbours into strangers (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
