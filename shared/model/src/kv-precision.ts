/** @file How keys and values are kept, and the memory that takes. */
import type { DecoderConfig } from './config.ts';

/** `int8`: with a float32 scale for each token's head. */
export type KvPrecision = 'f32' | 'int8';

/**
 * For how many elements of memory there is one scale, where keys and values are int8. Heads of all layers are multiples of it, so that wherever one
 * begins there is a scale that no other has; of heads that differ in size, a large one leaves some unused.
 */
export const scaleSpan = ({ layers }: DecoderConfig): number =>
  layers.map(({ attention }) => attention.headDim).reduce(greatestCommonDivisor, 0);

/** Bytes of so many elements, which are whole heads. */
export function kvBytes(config: DecoderConfig, precision: KvPrecision): (elements: number) => number {
  if (precision === 'f32') return (elements) => 4 * elements;
  const span = scaleSpan(config);
  return (elements) => elements + (4 * elements) / span;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
