/** @file Named float32 tensors as an Arrow table: model weights and training checkpoints. */
import { UserError } from '@arrowsmith/errors';
import { type Column, joinedLists, lists, strings } from './columns.ts';
import { readBatches, readMetadata } from './arrow-file.ts';
import { tensorsTable, writeTable } from './kinds.ts';

/** A tensor in row-major order; `data.length` is the product of `shape`. */
export interface NamedTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** One record batch per tensor, in the order of the record's keys. */
export function* tensorBatches(tensors: Record<string, NamedTensor>): Generator<Record<string, Column>> {
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    // The values as they are: weights are large, and a copy of each would wait for the garbage collector.
    const values = joinedLists(data, Int32Array.of(0, data.length));
    yield { name: strings([name]), shape: lists([Int32Array.from(shape)]), values };
  }
}

/**
 * Writes a table of tensors.
 * @param metadata further keys of the schema metadata, e.g. the model's configuration as JSON
 */
export async function writeTensors(
  path: string,
  tensors: Record<string, NamedTensor>,
  metadata: Record<string, string> = {},
): Promise<{ rows: number }> {
  return writeTable(path, tensorsTable, metadata, tensorBatches(tensors));
}

/**
 * Reads what {@link writeTensors} wrote.
 * @throws UserError when the file is missing, truncated, of another kind, or a tensor's size is not that of its shape
 */
export async function readTensors(
  path: string,
): Promise<{ tensors: Record<string, { shape: number[]; data: Float32Array }>; metadata: Record<string, string> }> {
  const metadata = await readMetadata(path, tensorsTable.kind);
  const tensors: Record<string, { shape: number[]; data: Float32Array }> = {};
  for await (const batch of readBatches(path, tensorsTable.kind)) {
    const [names, shapes, values] = ['name', 'shape', 'values'].map((column) => batch.getChild(column)!);
    for (let row = 0; row < batch.numRows; row++) {
      const name = names!.get(row) as string;
      const shape = Array.from((shapes!.get(row) as { toArray(): Int32Array }).toArray());
      const data = (values!.get(row) as { toArray(): Float32Array }).toArray();
      const size = shape.reduce((product, n) => product * n, 1);
      if (data.length !== size) {
        throw new UserError({
          what: `tensor ${name} does not fill its shape`,
          where: path,
          expected: `${size} values for shape [${shape.join(', ')}]`,
          found: `${data.length} values`,
          fix: 'run the stage that writes it again',
        });
      }
      tensors[name] = { shape, data };
    }
  }
  return { tensors, metadata };
}
