/** @file How far a tensor is from the one it was quantized from. */
import type { FloatTensor } from './int8.ts';

/** With e = original − dequantized, over all elements; everything is computed in float64. */
export interface QuantizationError {
  /** max |e| */
  maximumAbsolute: number;
  /** √(mean e²) */
  rootMeanSquare: number;
  /** ‖e‖₂ / ‖original‖₂; 0 where both are zero, Infinity where only the original is. */
  relative: number;
  /** Signal to quantization noise, 20 log₁₀(‖original‖₂ / ‖e‖₂) in decibels; Infinity without error. */
  signalToNoiseDb: number;
}

/** Compares two tensors of the same number of elements. */
export function quantizationError(original: FloatTensor, dequantized: FloatTensor): QuantizationError {
  const w = original.data;
  let maximumAbsolute = 0;
  let noise = 0;
  let signal = 0;
  for (let i = 0; i < w.length; i++) {
    const e = w[i]! - dequantized.data[i]!;
    maximumAbsolute = Math.max(maximumAbsolute, Math.abs(e));
    noise += e * e;
    signal += w[i]! * w[i]!;
  }
  const relative = noise === 0 ? 0 : Math.sqrt(noise / signal);
  return {
    maximumAbsolute,
    rootMeanSquare: w.length === 0 ? 0 : Math.sqrt(noise / w.length),
    relative,
    signalToNoiseDb: -20 * Math.log10(relative),
  };
}
