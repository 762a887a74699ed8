/** @file Rows of the format `int8` in steps, for methods that round one value after the other: a row is a block, its scale first. */
import { type Int8Tensor, LARGEST_INT8, SMALLEST_INT8_SCALE } from '../int8.ts';
import { nearestInteger } from './bit-fields.ts';
import { int8Bytes } from './int8-rows.ts';
import type { BlockQuantizer } from './number-format.ts';

/** Bytes of a scale. */
const HEADER = 4;

/** Bytes of a row while it is a block. */
export const int8RowBytes = (columns: number): number => HEADER + columns;

/** @param columns values of a row */
export function int8Quantizer(columns: number): BlockQuantizer {
  const integers = new Int8Array(columns);
  let scale = 0;
  return {
    fit(values) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      scale = Math.fround(largest / LARGEST_INT8);
      if (scale < SMALLEST_INT8_SCALE) scale = 0;
    },
    round(i, value) {
      const integer = scale === 0 ? 0 : nearestInteger(value / scale, -LARGEST_INT8, LARGEST_INT8);
      integers[i] = integer;
      return scale * integer;
    },
    write(block) {
      block.set(new Uint8Array(Float32Array.of(scale).buffer));
      block.set(new Uint8Array(integers.buffer), HEADER);
    },
  };
}

/** Such rows as the format has them: all scales, then all values. */
export function int8FromRows(bytes: Uint8Array, columns: number): Uint8Array {
  const size = int8RowBytes(columns);
  const rows = bytes.length / size;
  const tensor: Int8Tensor = {
    shape: [rows, columns],
    values: new Int8Array(rows * columns),
    scales: new Float32Array(rows),
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let row = 0; row < rows; row++) {
    tensor.scales[row] = view.getFloat32(row * size, true);
    tensor.values.set(new Int8Array(bytes.buffer, bytes.byteOffset + row * size + HEADER, columns), row * columns);
  }
  return int8Bytes(tensor);
}
