/** @file A model's matrices with the values that quantization to the nearest leaves of them: what quantization-aware training multiplies with. */
import type { ParameterTensors } from '@arrowsmith/model';
import { fakeQuantize } from '@arrowsmith/ops';
import type * as tf from '@tensorflow/tfjs-core';
import { formatForRows, formatNamed } from './formats/index.ts';
import { quantize } from './formats/quantize.ts';
import { LARGEST_BFLOAT16, LARGEST_FLOAT16 } from './formats/weights-to-quantize.ts';
import { isQuantizable } from './int8.ts';

/** The largest magnitude that a format takes. */
function largestOf(format: string): number {
  if (format === 'bf16') return LARGEST_BFLOAT16;
  return format === 'int8' ? Number.MAX_VALUE : LARGEST_FLOAT16;
}

/**
 * What values stand for once a format stores them: those of {@link quantize}, decoded. Where a value is not finite or too large, all of its block is NaN,
 * instead of an error: the loss of a model with them is NaN, too, which training reports.
 *
 * @param values row by row
 * @param columns values of a row, a whole number of the format's blocks
 */
export function nearestValues(format: string, values: Float32Array, columns: number): Float32Array {
  const { blockSize, dequantize } = formatNamed(format);
  if (format === 'f32') return values;
  const size = format === 'int8' ? columns : blockSize;
  const largest = largestOf(format);
  const unfit = new Set<number>();
  for (const [i, value] of values.entries()) if (!(Math.abs(value) <= largest)) unfit.add(Math.floor(i / size));
  const fit = unfit.size === 0 ? values : values.map((value, i) => (unfit.has(Math.floor(i / size)) ? 0 : value));
  const bytes = quantize(format, fit, columns);
  const nearest = dequantize(bytes, columns);
  for (const block of unfit) nearest.fill(NaN, block * size, (block + 1) * size);
  return nearest;
}

/**
 * The parameters with each matrix as {@link quantizeModel} with the method `nearest` would store it. Vectors, and matrices that stay float32, are the
 * same tensors as before.
 *
 * @param formatOf the format that each matrix is to have; rows that are no whole number of its blocks have another by rule
 * @returns all parameters, and those of them that are new, of which the caller disposes
 */
export function fakeQuantized(
  parameters: ParameterTensors,
  formatOf: (name: string) => string,
): { parameters: ParameterTensors; copies: tf.Tensor[] } {
  const copies: tf.Tensor[] = [];
  const quantized = Object.entries(parameters).map(([name, tensor]) => {
    const { name: format } = formatForRows(formatOf(name), tensor.shape.at(-1) ?? 1);
    if (format === 'f32' || !isQuantizable(tensor.shape)) return [name, tensor] as const;
    const copy = fakeQuantize(tensor, format, (values, columns) => nearestValues(format, values, columns));
    copies.push(copy);
    return [name, copy] as const;
  });
  return { parameters: Object.fromEntries(quantized), copies };
}
