/** @file Random numbers for stories: each has a stream of its own. */

/** The next whole number from 0 to below `n`, at most 2^16, all equally likely but for 1 in 2^16. */
export type RandomBelow = (n: number) => number;

/**
 * A stream that depends on (seed, index) only, both whole numbers: xoshiro128++ (Blackman and Vigna 2021, https://doi.org/10.1145/3460772),
 * of whose 32 bits the upper ones choose by multiplication (Lemire 2019, arXiv:1805.10941, without rejection).
 */
export function randomOf(seed: number, index: number): RandomBelow {
  let a = mix(seed);
  let b = mix(index ^ a);
  let c = ~a;
  let d = mix(~b);
  return (n) => {
    const sum = (a + d) | 0;
    const bits = (((sum << 7) | (sum >>> 25)) + a) | 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return ((bits >>> 16) * n) >>> 16;
  };
}

/** A bijection of 32-bit integers that turns neighbours into strangers (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
