/** @file Symmetric int8 with one scale per output channel: the rows of a Hugging Face weight [out, in], or of each expert's [experts, out, in]. */
import { unfitWeight } from './formats/weights-to-quantize.ts';

/** The largest magnitude of a stored value. −128 is left out, so that the code is symmetric: quantize(−w) = −quantize(w). */
export const LARGEST_INT8 = 127;

/** Below the smallest normal float32 a scale has too few bits to be divided by; such a row is stored as zeros. */
export const SMALLEST_INT8_SCALE = 2 ** -126;

/** A float32 tensor in row-major order; `data.length` is the product of `shape`. */
export interface FloatTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** A quantized tensor: element [r, c] stands for `values[r * columns + c] * scales[r]`. */
export interface Int8Tensor {
  shape: readonly number[];
  /** Row-major, as many as `shape` says, each in [−127, 127]. */
  values: Int8Array;
  /** One per row, of which there are as many as all axes but the last say. 0 for a row of zeros. */
  scales: Float32Array;
}

/**
 * Whether a tensor of this shape is stored as int8. Matrices are; vectors (the weights of norms) stay float32: they are
 * few, and every activation passes through them.
 */
export function isQuantizable(shape: readonly number[]): boolean {
  return shape.length >= 2;
}

/**
 * Rounds to the nearest of 255 levels per row: scale = max|w| / 127, value = w / scale, halves away from zero (as ggml's
 * Q8_0). So |w − dequantized| <= scale / 2 up to float32 rounding.
 *
 * @param tensor rank 2 or more; the last axis is a row, that of one output channel
 * @param where the tensor's name, for error messages
 * @throws UserError for a weight that is NaN or infinite
 */
export function quantizeInt8({ shape, data }: FloatTensor, where?: string): Int8Tensor {
  const { rows, columns } = rowsAndColumns(shape);
  const values = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let largest = 0;
    for (let i = start; i < start + columns; i++) {
      const magnitude = Math.abs(data[i]!);
      if (!Number.isFinite(magnitude)) throw unfitWeight(data[i]!, row, i - start, where);
      if (magnitude > largest) largest = magnitude;
    }
    const scale = Math.fround(largest / LARGEST_INT8);
    if (scale < SMALLEST_INT8_SCALE) continue;
    scales[row] = scale;
    for (let i = start; i < start + columns; i++) {
      const magnitude = Math.round(Math.abs(data[i]!) / scale);
      values[i] = data[i]! < 0 ? -magnitude : magnitude;
    }
  }
  return { shape, values, scales };
}

/** The float32 tensor that an int8 tensor stands for: `values * scales`, row by row. */
export function dequantizeInt8({ shape, values, scales }: Int8Tensor): FloatTensor {
  const { rows, columns } = rowsAndColumns(shape);
  const data = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const scale = scales[row]!;
    for (let i = row * columns; i < (row + 1) * columns; i++) data[i] = values[i]! * scale;
  }
  return { shape, data };
}

/**
 * Bytes of a tensor's numbers once quantized: 1 per int8 value and 4 per row's scale, or 4 per value for a tensor that
 * stays float32.
 */
export function storedBytes(shape: readonly number[]): number {
  const { rows, columns } = rowsAndColumns(shape);
  return isQuantizable(shape) ? rows * columns + 4 * rows : 4 * rows * columns;
}

function rowsAndColumns(shape: readonly number[]): { rows: number; columns: number } {
  // A vector, which is not quantized, counts as a column.
  const columns = shape.length === 1 ? 1 : (shape.at(-1) ?? 1);
  const size = shape.reduce((product, length) => product * length, 1);
  return { rows: columns === 0 ? 0 : size / columns, columns };
}
