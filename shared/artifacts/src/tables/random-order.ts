/** @file A random order of a table's rows. */
import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A uniform permutation of 0 … count − 1 (Fisher & Yates; Durstenfeld 1964).
 * @param purpose what is put in order, with its seed, in words: other words give an order that has nothing to do with this one
 */
export function randomOrder(count: number, purpose: string): Uint32Array<ArrayBuffer> {
  // Hashed, because the generator's streams from neighbouring seeds start alike.
  const rng = xoroshiro128plus(createHash('sha256').update(purpose).digest().readInt32LE());
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  for (let i = count - 1; i > 0; i--) {
    const j = uniformInt(rng, 0, i);
    const row = order[i]!;
    order[i] = order[j]!;
    order[j] = row;
  }
  return order;
}
