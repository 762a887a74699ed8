/** @file The random numbers of a sequence: a stream for each sample of a seed. */
import { sha256 } from '@noble/hashes/sha2.js';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/**
 * The generator that draws the tokens of one sequence. It depends on seed and sample alone, so that a text is the same in
 * whatever batch it is generated, and the first of several samples is that of the seed without others.
 *
 * @param sample of several continuations of a prompt: which it is, from 0
 */
export function samplingGenerator(seed: number, sample = 0): RandomGenerator {
  const name = sample === 0 ? `sampling, seed ${seed}` : `sampling, seed ${seed}, sample ${sample}`;
  // Hashed, as the first draw from a small seed itself is always close to 1.
  const digest = sha256(new TextEncoder().encode(name)); // not Node's, so that a browser draws the same tokens
  return xoroshiro128plus(new DataView(digest.buffer, digest.byteOffset).getInt32(0, true));
}
