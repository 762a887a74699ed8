/** @file The format `int8`: a float32 scale for each row, all of them first, then the int8 values; value = scale · int8. */
import { dequantizeInt8, type Int8Tensor } from '../int8.ts';
import type { NumberFormat } from './number-format.ts';

export const INT8: NumberFormat = {
  name: 'int8',
  blockSize: 1,
  bytes: (rows, columns) => (4 + columns) * rows,
  dequantize({ buffer, byteOffset, byteLength }, columns) {
    const rows = byteLength / (4 + columns);
    const scales = new Float32Array(buffer as ArrayBuffer, byteOffset, rows);
    const values = new Int8Array(buffer as ArrayBuffer, byteOffset + 4 * rows, rows * columns);
    return dequantizeInt8({ shape: [rows, columns], values, scales }).data;
  },
};

/** The bytes of a tensor in this format. */
export function int8Bytes({ values, scales }: Int8Tensor): Uint8Array {
  const bytes = new Uint8Array(scales.byteLength + values.byteLength);
  bytes.set(new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength));
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), scales.byteLength);
  return bytes;
}
