/** @file Tensors that are stored in a format of choice. */
import type { StoredTensor } from '@arrowsmith/artifacts';
import type { InputStatistics } from './calibration.ts';
import { formatForRows } from './formats/index.ts';
import { quantize } from './formats/quantize.ts';
import { gptq, hasLevels } from './gptq.ts';
import type { FloatTensor } from './int8.ts';

/** How a tensor's values become levels, where it is not by rounding to the nearest, and what is known of its inputs: of one matrix, or of each of a stack. */
export interface Rounding {
  method: 'importance' | 'gptq';
  inputs: readonly InputStatistics[];
}

/** Of the mean importance, what every channel has at least, so that what calibration never saw is not lost. */
const LEAST_IMPORTANCE = 1e-3;

/**
 * A tensor in the format of a name, or in the one that {@link formatForRows} has for its rows.
 *
 * @param name for errors
 * @param rounding by default to the nearest; matrices whose inputs were never seen are rounded so in any case
 * @throws UserError for a weight that is not finite, or larger than the format's numbers
 */
export function storeAs(
  format: string,
  { shape, data }: FloatTensor,
  name?: string,
  rounding?: Rounding,
): StoredTensor {
  const columns = shape.at(-1) ?? 1;
  const { name: chosen } = formatForRows(format, columns);
  if (rounding === undefined || !hasLevels(chosen))
    return { shape, format: chosen, bytes: quantize(chosen, data, columns, name) };
  const { method, inputs } = rounding;
  const size = data.length / inputs.length;
  const parts = inputs.map((of, part) => {
    const values = data.subarray(part * size, (part + 1) * size);
    if (of.count === 0) return quantize(chosen, values, columns, name);
    return method === 'gptq'
      ? gptq(chosen, values, columns, of, name)
      : quantize(chosen, values, columns, name, importanceOf(of));
  });
  return { shape, format: chosen, bytes: chosen === 'int8' ? joinInt8(parts, columns) : join(parts) };
}

/** The mean square of each channel: by how much an error in its column counts, where channels have nothing to do with each other. */
function importanceOf({ squares, count }: InputStatistics): Float32Array {
  const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  return Float32Array.from(squares, (square) => (square + LEAST_IMPORTANCE * mean) / count);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The scales of all rows come first in this format, of a stack, too. */
function joinInt8(parts: readonly Uint8Array[], columns: number): Uint8Array {
  const split = (part: Uint8Array): number => (4 * part.length) / (4 + columns);
  return join([
    ...parts.map((part) => part.subarray(0, split(part))),
    ...parts.map((part) => part.subarray(split(part))),
  ]);
}
