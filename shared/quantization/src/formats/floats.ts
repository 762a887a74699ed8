/**
 * @file Floating-point numbers, each by itself.
 *
 *     f32    float32
 *     f16    half precision (IEEE 754 binary16), rounded to nearest, ties to even
 *     bf16   the upper halves of float32, rounded to nearest, ties to even
 */
import { bfloat16ToFloat32, float16ToFloat32 } from '../half-precision.ts';
import type { NumberFormat } from './number-format.ts';

const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array =>
  new Uint16Array(buffer as ArrayBuffer, byteOffset, byteLength / 2);

/** Shares memory; numbers that are not finite stay so. */
export const F32: NumberFormat = {
  name: 'f32',
  blockSize: 1,
  bytes: (rows, columns) => 4 * rows * columns,
  dequantize: ({ buffer, byteOffset, byteLength }) =>
    new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4),
};

export const F16: NumberFormat = {
  name: 'f16',
  blockSize: 1,
  bytes: (rows, columns) => 2 * rows * columns,
  dequantize: (bytes) => float16ToFloat32(wordsOf(bytes)),
};

export const BF16: NumberFormat = {
  name: 'bf16',
  blockSize: 1,
  bytes: (rows, columns) => 2 * rows * columns,
  dequantize: (bytes) => bfloat16ToFloat32(wordsOf(bytes)),
};
