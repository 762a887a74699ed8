/** @file The element types of safetensors files that are read and written here. */

/**
 * Bytes of an element by type, in the order in which safetensors' own implementation ranks them: a file's tensors are written from the last
 * of these to the first, so that each lies on a multiple of its element size.
 */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

export const dtypes = Object.keys(DTYPE_BYTES) as Dtype[];

export const isDtype = (name: string): name is Dtype => Object.hasOwn(DTYPE_BYTES, name);

/** What a tensor's bytes must number; those of one element for a scalar's shape, `[]`. */
export const bytesOfShape = (dtype: Dtype, shape: readonly number[]): number =>
  shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]);
