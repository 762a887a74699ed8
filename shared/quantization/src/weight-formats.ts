/** @file Tensors of a model as they are stored: each in a {@link numberFormats | number format}, which its name says. */
import type { StoredTensor } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import { formatNamed, numberFormats } from './formats/index.ts';
import { int8Bytes } from './formats/int8-rows.ts';
import { float32ToBfloat16 } from './half-precision.ts';
import type { FloatTensor, Int8Tensor } from './int8.ts';

const product = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

/** Values of a row, the last axis. */
const columnsOf = (shape: readonly number[]): number => shape.at(-1) ?? 1;

const rowsOf = (shape: readonly number[]): number => product(shape.slice(0, -1));

/** A tensor as float32, its memory as it is. */
export const storeFloat32 = ({ shape, data: { buffer, byteOffset, byteLength } }: FloatTensor): StoredTensor => ({
  shape,
  format: 'f32',
  bytes: new Uint8Array(buffer, byteOffset, byteLength),
});

/** A tensor as bfloat16: each value's nearest, of two equally near the even one. Values that are not finite stay so. */
export const storeBfloat16 = ({ shape, data }: FloatTensor): StoredTensor => ({
  shape,
  format: 'bf16',
  bytes: new Uint8Array(float32ToBfloat16(data).buffer),
});

/** A quantized tensor. */
export const storeInt8 = (tensor: Int8Tensor): StoredTensor => ({
  shape: tensor.shape,
  format: 'int8',
  bytes: int8Bytes(tensor),
});

/**
 * Says what a stored tensor is wrong by.
 * @param where file and tensor, for the error
 * @throws UserError for an unknown format, and where the bytes do not fill the shape
 */
export function checkStored(
  { shape, format, bytes }: { shape: readonly number[]; format: string; bytes: number },
  where: string,
): void {
  const known = numberFormats.get(format);
  const wrong = (expected: string, found: string): UserError =>
    new UserError({
      what: 'weights cannot be read',
      where,
      expected,
      found,
      fix: 'run the stage that writes it again',
    });
  const described = `[${shape.join(', ')}]`;
  if (known === undefined) throw wrong(`a format of ${[...numberFormats.keys()].join(', ')}`, format);
  if (shape.some((n) => n < 0)) throw wrong('a shape of natural numbers', described);
  const { blockSize } = known;
  if (columnsOf(shape) % blockSize !== 0)
    throw wrong(`rows of a multiple of ${blockSize} values in ${format}`, `shape ${described}`);
  const size = known.bytes(rowsOf(shape), columnsOf(shape));
  if (bytes !== size) throw wrong(`${size} bytes for shape ${described} in ${format}`, `${bytes} bytes`);
}

/** The float32 values of a tensor that {@link checkStored} was content with. */
export const decodeStored = ({ shape, format, bytes }: StoredTensor): Float32Array =>
  formatNamed(format).dequantize(bytes, columnsOf(shape));
