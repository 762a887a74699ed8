/**
 * @file Floating-point numbers, each by itself.
 *
 *     f32    float32
 *     f16    half precision (IEEE 754 binary16), rounded to nearest, ties to even
 *     bf16   the upper halves of float32, rounded to nearest, ties to even
 */
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../half-precision.ts';
import { checkWeights, LARGEST_FLOAT16, type NumberFormat } from './number-format.ts';

/** (2 − 2⁻⁷) · 2¹²⁷ */
const LARGEST_BFLOAT16 = 3.3895313892515355e38;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array =>
  new Uint16Array(buffer as ArrayBuffer, byteOffset, byteLength / 2);

/** Shares memory; numbers that are not finite stay so. */
export const F32: NumberFormat = {
  name: 'f32',
  description: 'float32',
  blockSize: 1,
  bytes: (rows, columns) => 4 * rows * columns,
  quantize: bytesOf,
  dequantize: ({ buffer, byteOffset, byteLength }) =>
    new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4),
};

export const F16: NumberFormat = {
  name: 'f16',
  description: 'half precision',
  blockSize: 1,
  bytes: (rows, columns) => 2 * rows * columns,
  quantize(values, columns, where) {
    checkWeights(values, columns, LARGEST_FLOAT16, where);
    return bytesOf(float32ToFloat16(values));
  },
  dequantize: (bytes) => float16ToFloat32(wordsOf(bytes)),
};

export const BF16: NumberFormat = {
  name: 'bf16',
  description: 'bfloat16',
  blockSize: 1,
  bytes: (rows, columns) => 2 * rows * columns,
  quantize(values, columns, where) {
    checkWeights(values, columns, LARGEST_BFLOAT16, where);
    return bytesOf(float32ToBfloat16(values));
  },
  dequantize: (bytes) => bfloat16ToFloat32(wordsOf(bytes)),
};
