/** @file Weights of a model as an Arrow table: each tensor is the bytes of its format. They are read one by one, or rows of them. */
import { type Column, lists, oneBytes, strings } from './columns.ts';
import { weightsTable } from './kinds.ts';
import { type BatchLayout, readLayout, readRange, withFile } from './random-access.ts';

/** A tensor as it is stored. */
export interface StoredTensor {
  shape: readonly number[];
  /** What the bytes are, e.g. `f32`. */
  format: string;
  bytes: Uint8Array;
}

/** One record batch per tensor, in the order of the record's keys. */
export function* weightBatches(tensors: Readonly<Record<string, StoredTensor>>): Generator<Record<string, Column>> {
  for (const [name, { shape, format, bytes }] of Object.entries(tensors)) {
    yield {
      name: strings([name]),
      shape: lists([Int32Array.from(shape)]),
      format: strings([format]),
      data: oneBytes(bytes),
    };
  }
}

/** An opened table of weights. */
export interface WeightsFile {
  metadata: Record<string, string>;
  /** By name, in the order of the file: shape, format and the number of bytes. */
  tensors: ReadonlyMap<string, { shape: number[]; format: string; bytes: number }>;
  /** Reads bytes of a tensor, all by default, into memory that is aligned for any number. */
  read(name: string, range?: { offset: number; length: number }): Uint8Array;
}

/**
 * Opens a table of weights.
 * @throws UserError when the file is missing, truncated, or of another kind
 */
export async function openWeights(path: string): Promise<WeightsFile> {
  const { metadata, batches } = await readLayout(path, weightsTable.kind);
  const positions = new Map<string, number>();
  const tensors = new Map<string, { shape: number[]; format: string; bytes: number }>();
  withFile(path, (readAt) => {
    const range = (batch: BatchLayout, column: string, row: number) => readRange(path, readAt, batch, column, row);
    const textOf = (batch: BatchLayout, column: string, row: number): string => {
      const [begin, end] = range(batch, column, row);
      const text = Buffer.alloc(end - begin);
      readAt(text, batch.columns.get(column)!.position + begin);
      return text.toString();
    };
    for (const batch of batches) {
      for (let row = 0; row < batch.rows; row++) {
        const name = textOf(batch, 'name', row);
        const [shapeBegin, shapeEnd] = range(batch, 'shape', row);
        const shape = new Int32Array(shapeEnd - shapeBegin);
        readAt(shape, batch.columns.get('shape.item')!.position + 4 * shapeBegin);
        const [begin, end] = range(batch, 'data', row);
        tensors.set(name, { shape: Array.from(shape), format: textOf(batch, 'format', row), bytes: end - begin });
        positions.set(name, batch.columns.get('data')!.position + begin);
      }
    }
  });
  return {
    metadata,
    tensors,
    read(name, { offset, length } = { offset: 0, length: tensors.get(name)!.bytes }) {
      const bytes = new Uint8Array(length);
      withFile(path, (readAt) => readAt(bytes, positions.get(name)! + offset));
      return bytes;
    },
  };
}
