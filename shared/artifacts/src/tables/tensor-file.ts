/** @file Tensors of a file one by one, and rows of them: what is not needed is not read. */
import { UserError } from '@arrowsmith/errors';
import { tensorsTable } from './kinds.ts';
import { readLayout, readRange, withFile, type BatchLayout } from './random-access.ts';

/** An opened table of tensors. */
export interface TensorFile {
  metadata: Record<string, string>;
  /** The shape of each tensor, by name, in the order of the file. */
  shapes: ReadonlyMap<string, number[]>;
  /** Reads a whole tensor. */
  read(name: string): Float32Array;
  /**
   * Reads vectors of the last axis: `rows` of a matrix [n, d].
   * @returns [rows.length, d]
   */
  readRows(name: string, rows: ArrayLike<number>): Float32Array;
}

/**
 * Opens what `writeTensors` wrote.
 * @throws UserError when the file is missing, truncated, of another kind, or a tensor's size is not that of its shape
 */
export async function openTensors(path: string): Promise<TensorFile> {
  const { metadata, batches } = await readLayout(path, tensorsTable.kind);
  const positions = new Map<string, number>();
  const shapes = new Map<string, number[]>();
  withFile(path, (readAt) => {
    const range = (batch: BatchLayout, column: string, row: number) => readRange(path, readAt, batch, column, row);
    for (const batch of batches) {
      for (let row = 0; row < batch.rows; row++) {
        const [nameBegin, nameEnd] = range(batch, 'name', row);
        const name = Buffer.alloc(nameEnd - nameBegin);
        readAt(name, batch.columns.get('name')!.position + nameBegin);
        const [shapeBegin, shapeEnd] = range(batch, 'shape', row);
        const shape = new Int32Array(shapeEnd - shapeBegin);
        readAt(shape, batch.columns.get('shape.item')!.position + 4 * shapeBegin);
        const [begin, end] = range(batch, 'values', row);
        checkSize(path, name.toString(), shape, end - begin);
        shapes.set(name.toString(), Array.from(shape));
        positions.set(name.toString(), batch.columns.get('values.item')!.position + 4 * begin);
      }
    }
  });
  return {
    metadata,
    shapes,
    read(name) {
      const values = new Float32Array(sizeOf(shapes.get(name)!));
      withFile(path, (readAt) => readAt(values, positions.get(name)!));
      return values;
    },
    readRows(name, rows) {
      const d = shapes.get(name)!.at(-1)!;
      const values = new Float32Array(rows.length * d);
      withFile(path, (readAt) => {
        for (let i = 0; i < rows.length; i++) {
          readAt(values.subarray(i * d, (i + 1) * d), positions.get(name)! + 4 * d * rows[i]!);
        }
      });
      return values;
    },
  };
}

const sizeOf = (shape: ArrayLike<number>): number => Array.from(shape).reduce((product, n) => product * n, 1);

function checkSize(path: string, name: string, shape: Int32Array, values: number): void {
  if (values === sizeOf(shape)) return;
  throw new UserError({
    what: `tensor ${name} does not fill its shape`,
    where: path,
    expected: `${sizeOf(shape)} values for shape [${Array.from(shape).join(', ')}]`,
    found: `${values} values`,
    fix: 'run the stage that writes it again',
  });
}
