/** @file The weights of tokens: e^(logit / temperature), as shares of the largest. */
import { drawingKernels } from '@arrowsmith/backend';
import { exponential } from './exponential.ts';

/** What each token weighs, given its id: 1 for one with the largest logit. */
export function weighing(logits: Float32Array, largest: number, temperature: number): (id: number) => number {
  const perTemperature = inverseOf(temperature);
  return (id) => exponential((logits[id]! - largest) * perTemperature);
}

/** A temperature may be so small that there is no number for its inverse. */
const inverseOf = (temperature: number): number => Math.min(1 / temperature, Number.MAX_VALUE);

/**
 * The weights of all tokens together. Eight sums go on side by side, as in the lanes of vectors, so that it has the same bits with kernels and without.
 *
 * @param logits [V], none of them larger than `largest`
 */
export function totalWeight(logits: Float32Array, largest: number, temperature: number): number {
  const kernels = drawingKernels();
  if (kernels !== undefined) return kernels.sumExponentials(logits, largest, temperature);
  const perTemperature = inverseOf(temperature);
  const sums = new Float64Array(8);
  for (let id = 0; id < logits.length; id++) sums[id & 7]! += exponential((logits[id]! - largest) * perTemperature);
  const [a, b, c, d, e, f, g, h] = sums as unknown as [number, number, number, number, number, number, number, number];
  return a + b + (c + d) + (e + f + (g + h));
}
