/** @file What can be done with the rows of a stored matrix in any format: each is bytes of its own. */
import { formatNamed } from '@arrowsmith/quantization/formats';

/** A matrix in a number format, or several behind each other. */
export interface FormattedTensor {
  shape: readonly number[];
  format: string;
  bytes: Uint8Array;
}

/** Bytes of a row of the last axis. */
const rowBytes = ({ shape, format }: FormattedTensor): number => formatNamed(format).bytes(1, shape.at(-1) ?? 1);

/**
 * The rows of queries or keys [n · h_d, d], or their bias [n · h_d], with the two coordinates that turn together as neighbours: row r of the first half
 * of a head at 2r, and row r of the second at 2r + 1. So are they in Meta's checkpoints, and in llama.cpp for Llama.
 */
export function neighbouringRows(tensor: FormattedTensor, heads: number): FormattedTensor {
  const rows = tensor.shape[0] ?? 0;
  const size = tensor.bytes.length / rows;
  const half = rows / heads / 2;
  const bytes = new Uint8Array(tensor.bytes.length);
  for (let row = 0; row < rows; row++) {
    const head = Math.floor(row / (2 * half));
    const within = row % (2 * half);
    const to = head * 2 * half + (within < half ? 2 * within : 2 * (within - half) + 1);
    bytes.set(tensor.bytes.subarray(row * size, (row + 1) * size), to * size);
  }
  return { ...tensor, bytes };
}

/** The same rows in the order of halves again: the inverse of {@link neighbouringRows}. */
export function halvedRows(tensor: FormattedTensor, heads: number): FormattedTensor {
  const rows = tensor.shape[0] ?? 0;
  const size = tensor.bytes.length / rows;
  const half = rows / heads / 2;
  const bytes = new Uint8Array(tensor.bytes.length);
  for (let row = 0; row < rows; row++) {
    const head = Math.floor(row / (2 * half));
    const within = row % (2 * half);
    const to = head * 2 * half + (within % 2 === 0 ? within / 2 : half + (within - 1) / 2);
    bytes.set(tensor.bytes.subarray(row * size, (row + 1) * size), to * size);
  }
  return { ...tensor, bytes };
}

/** One of the matrices that {@link stacked} put behind each other. */
export function unstacked(tensor: FormattedTensor, index: number): FormattedTensor {
  const [count = 1, ...shape] = tensor.shape;
  const size = tensor.bytes.length / count;
  return { ...tensor, shape, bytes: tensor.bytes.slice(index * size, (index + 1) * size) };
}

/** The first rows of a matrix, or all and then the first one again and again. */
export function resizedRows(tensor: FormattedTensor, rows: number): FormattedTensor {
  const size = rowBytes(tensor);
  const bytes = new Uint8Array(rows * size);
  bytes.set(tensor.bytes.subarray(0, bytes.length));
  for (let row = tensor.shape[0] ?? 0; row < rows; row++) bytes.set(tensor.bytes.subarray(0, size), row * size);
  return { ...tensor, shape: [rows, ...tensor.shape.slice(1)], bytes };
}

/** Matrices of one shape and format behind each other, [n, rows, columns]. */
export function stacked(tensors: readonly FormattedTensor[]): FormattedTensor {
  const [first] = tensors;
  if (first === undefined) throw new RangeError('nothing to stack');
  if (tensors.some(({ format }) => format !== first.format)) throw new RangeError('matrices of several formats');
  return { ...first, shape: [tensors.length, ...first.shape], bytes: Buffer.concat(tensors.map(({ bytes }) => bytes)) };
}
