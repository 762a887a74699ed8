/** @file What a number format is, and formats of blocks: some values of a row, and the bytes that stand for them. */

/**
 * How the numbers of a tensor are stored, and read. Bytes are little-endian; rows are those of the last axis. What makes the bytes is apart
 * ({@link quantize}), so that a stage which only reads models does not depend on it.
 */
export interface NumberFormat {
  /** As models' tables have it; GGUF's formats have their names there. */
  readonly name: string;
  /** Values that are stored together. A row is a whole number of blocks; of any length where this is 1. */
  readonly blockSize: number;
  /** The format for rows that are no whole number of blocks; undefined where there are none such. */
  readonly fallback?: string;
  /** Bytes of a matrix. @param columns a multiple of `blockSize` */
  bytes(rows: number, columns: number): number;
  /** The float32 values that bytes stand for, which are aligned for float32. @param columns values of a row, a multiple of `blockSize` */
  dequantize(bytes: Uint8Array, columns: number): Float32Array;
}

/** A format of blocks that know nothing of each other. */
export interface BlockFormat {
  name: string;
  blockSize: number;
  /** Bytes of a block. */
  blockBytes: number;
  fallback: string;
  dequantizeBlock(bytes: Uint8Array, values: Float32Array): void;
}

/**
 * Makes the bytes of blocks, one after the other. In three steps, as values may change between them: a method that makes up for errors rounds a value
 * when it knows what became of those before.
 */
export interface BlockQuantizer {
  /**
   * Chooses the scales of a block.
   *
   * @param importance by how much the squared error of each value counts, in any unit; what a format does with it, it says. Without it all count alike
   */
  fit(values: Float32Array, importance?: Float32Array): void;
  /** Rounds the value at a place of the block to what the scales allow. @returns what it stands for then */
  round(i: number, value: number): number;
  /** Writes the block. @param bytes zeros before */
  write(bytes: Uint8Array): void;
}

/** A format from what it does with a block. */
export function blockFormat({ blockBytes, dequantizeBlock, ...format }: BlockFormat): NumberFormat {
  const { blockSize } = format;
  return {
    ...format,
    bytes: (rows, columns) => (rows * columns * blockBytes) / blockSize,
    dequantize(bytes) {
      const values = new Float32Array((bytes.length / blockBytes) * blockSize);
      for (let block = 0; block < bytes.length / blockBytes; block++) {
        dequantizeBlock(
          bytes.subarray(block * blockBytes, (block + 1) * blockBytes),
          values.subarray(block * blockSize, (block + 1) * blockSize),
        );
      }
      return values;
    },
  };
}
