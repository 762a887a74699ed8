/**
 * @file The formats that a tensor of a model may be stored in, by name. All numbers are little-endian.
 *
 *     f32    float32, row-major
 *     bf16   the upper halves of float32, rounded to nearest, ties to even; row-major
 *     int8   a float32 scale for each row of the last axis, then the int8 values, row-major; value = scale · int8
 */
import type { StoredTensor } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import { dequantizeInt8, type FloatTensor, type Int8Tensor } from './int8.ts';

interface WeightFormat {
  /** Bytes of a tensor of this shape. */
  size(shape: readonly number[]): number;
  /** The float32 values that the bytes stand for. @param bytes aligned for float32, as many as `size` says */
  decode(shape: readonly number[], bytes: Uint8Array): Float32Array;
}

const elements = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

const rowsOf = (shape: readonly number[]): number => elements(shape.slice(0, -1));

const FORMATS: Readonly<Record<string, WeightFormat>> = {
  f32: {
    size: (shape) => 4 * elements(shape),
    decode: (_shape, { buffer, byteOffset, byteLength }) =>
      new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4),
  },
  bf16: {
    size: (shape) => 2 * elements(shape),
    decode: (_shape, { buffer, byteOffset, byteLength }) =>
      floatsOf(new Uint16Array(buffer as ArrayBuffer, byteOffset, byteLength / 2)),
  },
  int8: {
    size: (shape) => 4 * rowsOf(shape) + elements(shape),
    decode(shape, { buffer, byteOffset, byteLength }) {
      const rows = rowsOf(shape);
      const scales = new Float32Array(buffer as ArrayBuffer, byteOffset, rows);
      const values = new Int8Array(buffer as ArrayBuffer, byteOffset + 4 * rows, byteLength - 4 * rows);
      return dequantizeInt8({ shape, values, scales }).data;
    },
  },
};

/** A tensor as float32, its memory as it is. */
export const storeFloat32 = ({ shape, data: { buffer, byteOffset, byteLength } }: FloatTensor): StoredTensor => ({
  shape,
  format: 'f32',
  bytes: new Uint8Array(buffer, byteOffset, byteLength),
});

/** A tensor as bfloat16: each value's nearest, of two equally near the even one. Values that are not finite stay so. */
export function storeBfloat16({ shape, data }: FloatTensor): StoredTensor {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const halves = Uint16Array.from(bits, (word, i) =>
    Number.isNaN(data[i]) ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16,
  );
  return { shape, format: 'bf16', bytes: new Uint8Array(halves.buffer) };
}

/** Bfloat16 as float32. */
function floatsOf(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}

/** A quantized tensor. */
export function storeInt8({ shape, values, scales }: Int8Tensor): StoredTensor {
  const bytes = new Uint8Array(4 * scales.length + values.length);
  bytes.set(new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength));
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 4 * scales.length);
  return { shape, format: 'int8', bytes };
}

/**
 * Says what a stored tensor is wrong by.
 * @param where file and tensor, for the error
 * @throws UserError for an unknown format, and where the bytes do not fill the shape
 */
export function checkStored(
  { shape, format, bytes }: { shape: readonly number[]; format: string; bytes: number },
  where: string,
): void {
  const known = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  const wrong = (expected: string, found: string): UserError =>
    new UserError({
      what: 'weights cannot be read',
      where,
      expected,
      found,
      fix: 'run the stage that writes it again',
    });
  if (known === undefined) throw wrong(`a format of ${Object.keys(FORMATS).join(', ')}`, format);
  if (shape.some((n) => n < 0)) throw wrong('a shape of natural numbers', `[${shape.join(', ')}]`);
  const size = known.size(shape);
  if (bytes !== size) throw wrong(`${size} bytes for shape [${shape.join(', ')}] in ${format}`, `${bytes} bytes`);
}

/** The float32 values of a tensor that {@link checkStored} was content with. */
export const decodeStored = ({ shape, format, bytes }: StoredTensor): Float32Array =>
  FORMATS[format]!.decode(shape, bytes);
