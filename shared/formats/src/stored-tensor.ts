/** @file A tensor as a file stores it, and its numbers as the program uses them. */
import { UserError } from '@arrowsmith/errors';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '@arrowsmith/quantization/half-precision';
import { DTYPE_BYTES, type Dtype } from './dtypes.ts';

export interface StoredTensor {
  dtype: Dtype;
  shape: readonly number[];
  /** The elements in row-major order, little-endian. */
  bytes: Uint8Array;
}

const FLOATS: readonly Dtype[] = ['F16', 'BF16', 'F32', 'F64'];

/**
 * The numbers of a floating-point tensor. F32 shares the tensor's memory; F16 and BF16 are exact, F64 is rounded.
 * @param where the tensor's name and file, for error messages
 * @throws UserError for a tensor of integers or booleans
 */
export function toFloat32(tensor: StoredTensor, where?: string): Float32Array {
  const elements = elementsOf(tensor);
  if (elements instanceof Float32Array) return elements;
  if (elements instanceof Float64Array) return Float32Array.from(elements);
  if (tensor.dtype === 'F16') return float16ToFloat32(elements as Uint16Array);
  if (tensor.dtype === 'BF16') return bfloat16ToFloat32(elements as Uint16Array);
  throw wrongType(tensor, FLOATS.join(', '), where);
}

/**
 * The numbers of a tensor of integers or booleans (0 and 1).
 * @param where the tensor's name and file, for error messages
 * @throws UserError for a floating-point tensor, and for a number that has no place in 32 bits
 */
export function toInt32(tensor: StoredTensor, where?: string): Int32Array {
  if (FLOATS.includes(tensor.dtype)) throw wrongType(tensor, 'integers', where);
  const elements = elementsOf(tensor);
  if (elements instanceof Int32Array) return elements;
  const integers = new Int32Array(elements.length);
  for (let i = 0; i < integers.length; i++) {
    integers[i] = Number(elements[i]);
    if (integers[i] != elements[i]) throw tooLarge(elements[i]!, i, tensor, where);
  }
  return integers;
}

/** A tensor to write: float32 as it is (sharing memory), or rounded to nearest. */
export function float32Tensor(
  shape: readonly number[],
  data: Float32Array,
  dtype: 'F32' | 'F16' | 'BF16' = 'F32',
): StoredTensor {
  if (dtype === 'F32') return { dtype, shape, bytes: bytesOf(data) };
  return { dtype, shape, bytes: bytesOf(dtype === 'F16' ? float32ToFloat16(data) : float32ToBfloat16(data)) };
}

/** A tensor of integers to write, sharing memory. */
export function int32Tensor(shape: readonly number[], data: Int32Array): StoredTensor {
  return { dtype: 'I32', shape, bytes: bytesOf(data) };
}

const ARRAYS = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
};

/** A view of the elements; of a copy where they do not lie on a multiple of their size. */
function elementsOf({ dtype, bytes }: StoredTensor) {
  const size = DTYPE_BYTES[dtype];
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new ARRAYS[dtype](buffer as ArrayBuffer, byteOffset, byteLength / size);
}

const bytesOf = (data: Float32Array | Int32Array | Uint16Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function wrongType({ dtype }: StoredTensor, expected: string, where: string | undefined): UserError {
  const fix = 'check that this is the file, and the tensor, that is meant';
  return new UserError({ what: 'a tensor has the wrong type', where, expected, found: dtype, fix });
}

function tooLarge(value: number | bigint, i: number, { dtype }: StoredTensor, where: string | undefined): UserError {
  return new UserError({
    what: 'an integer of a tensor has no place in 32 bits',
    where,
    expected: 'integers from −2³¹ to 2³¹ − 1',
    found: `${value} at element ${i}, as ${dtype}`,
    fix: 'check that this is the tensor that is meant',
  });
}
