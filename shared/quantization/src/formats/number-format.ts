/** @file What a number format is, and formats of blocks: some values of a row, and the bytes that stand for them. */
import { UserError } from '@arrowsmith/errors';

/** How the numbers of a tensor are stored. Bytes are little-endian; rows are those of the last axis. */
export interface NumberFormat {
  /** As models' tables have it; GGUF's formats have their names there. */
  readonly name: string;
  /** A few words for people. */
  readonly description: string;
  /** Values that are stored together. A row is a whole number of blocks; of any length where this is 1. */
  readonly blockSize: number;
  /** The format for rows that are no whole number of blocks; undefined where there are none such. */
  readonly fallback?: string;
  /** Bytes of a matrix. @param columns a multiple of `blockSize` */
  bytes(rows: number, columns: number): number;
  /**
   * @param values row by row
   * @param columns values of a row
   * @param where the tensor's name, for errors
   * @throws UserError where rows are no whole number of blocks, and for a value that is not finite or too large
   */
  quantize(values: Float32Array, columns: number, where?: string): Uint8Array;
  /** The float32 values that bytes stand for, which are aligned for float32. @param columns values of a row, a multiple of `blockSize` */
  dequantize(bytes: Uint8Array, columns: number): Float32Array;
}

/** A format of blocks that know nothing of each other. */
export interface BlockFormat {
  name: string;
  description: string;
  blockSize: number;
  /** Bytes of a block. */
  blockBytes: number;
  fallback?: string;
  /** @param bytes of a block, zeros before */
  quantizeBlock(values: Float32Array, bytes: Uint8Array): void;
  dequantizeBlock(bytes: Uint8Array, values: Float32Array): void;
}

/** The largest float16; scales are stored in it, so that larger weights might come back as infinities. */
export const LARGEST_FLOAT16 = 65504;

/** A format from what it does with a block. Weights above {@link LARGEST_FLOAT16} are refused. */
export function blockFormat(format: BlockFormat): NumberFormat {
  const { name, blockSize, blockBytes } = format;
  return {
    name,
    description: format.description,
    blockSize,
    ...(format.fallback === undefined ? {} : { fallback: format.fallback }),
    bytes: (rows, columns) => (rows * columns * blockBytes) / blockSize,
    quantize(values, columns, where) {
      if (columns % blockSize !== 0) throw noWholeBlocks(name, blockSize, columns, where);
      checkWeights(values, columns, LARGEST_FLOAT16, where);
      const bytes = new Uint8Array((values.length / blockSize) * blockBytes);
      for (let block = 0; block < values.length / blockSize; block++) {
        format.quantizeBlock(
          values.subarray(block * blockSize, (block + 1) * blockSize),
          bytes.subarray(block * blockBytes, (block + 1) * blockBytes),
        );
      }
      return bytes;
    },
    dequantize(bytes) {
      const values = new Float32Array((bytes.length / blockBytes) * blockSize);
      for (let block = 0; block < bytes.length / blockBytes; block++) {
        format.dequantizeBlock(
          bytes.subarray(block * blockBytes, (block + 1) * blockBytes),
          values.subarray(block * blockSize, (block + 1) * blockSize),
        );
      }
      return values;
    },
  };
}

/** @throws UserError for a value that is not finite, or further from 0 than `largest` */
export function checkWeights(values: Float32Array, columns: number, largest: number, where?: string): void {
  const wrong = values.findIndex((value) => !(Math.abs(value) <= largest));
  if (wrong !== -1)
    throw unfitWeight(values[wrong]!, Math.floor(wrong / columns), wrong % columns, where, `up to ${largest}`);
}

/** Of a weight that a format has no number for. */
export function unfitWeight(
  weight: number,
  row: number,
  column: number,
  where: string | undefined,
  limit?: string,
): UserError {
  const tooLarge = Number.isFinite(weight);
  return new UserError({
    what: tooLarge ? 'a weight is too large for its format' : 'a weight that is not finite cannot be quantized',
    where: `${where ?? 'tensor'}[${row}, ${column}]`,
    expected: tooLarge && limit !== undefined ? `magnitudes ${limit}` : 'finite weights',
    found: String(weight),
    fix: tooLarge
      ? 'choose bf16, f32 or int8, which have larger numbers'
      : 'train again with a lower learning rate or a longer warm-up',
  });
}

function noWholeBlocks(format: string, blockSize: number, columns: number, where: string | undefined): UserError {
  return new UserError({
    what: `rows cannot be cut into blocks of ${format}`,
    where: where ?? 'tensor',
    expected: `rows of a multiple of ${blockSize} values`,
    found: `rows of ${columns}`,
    fix: 'choose a format of smaller blocks, or int8, which takes rows of any length',
  });
}
