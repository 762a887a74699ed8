/** @file How far the weights of two models are from each other, tensor by tensor; quantized ones as the values that they stand for. */
import { quantizedTensorsTable, readBatches, readTensors, tensorsTable, weightsTable } from '@arrowsmith/artifacts';
import { checkStored, decodeStored, dequantizeInt8, openStoredWeights } from '@arrowsmith/quantization';
import type { TensorDiff } from './diff.ts';

interface Tensor {
  shape: readonly number[];
  data: Float32Array;
}

export const TENSOR_KINDS: readonly string[] = [weightsTable.kind, tensorsTable.kind, quantizedTensorsTable.kind];

/** @throws UserError when a table cannot be read */
export async function diffTensors(kind: string, pathA: string, pathB: string): Promise<TensorDiff[]> {
  const [a, b] = [await readAll(kind, pathA), await readAll(kind, pathB)];
  return [...new Set([...a.keys(), ...b.keys()])].map((name) => diffTensor(name, a.get(name), b.get(name)));
}

async function readAll(kind: string, path: string): Promise<Map<string, Tensor>> {
  if (kind === tensorsTable.kind) return new Map(Object.entries((await readTensors(path)).tensors));
  const tensors = new Map<string, Tensor>();
  if (kind === weightsTable.kind) {
    const file = await openStoredWeights(path);
    for (const [name, tensor] of file.tensors) {
      checkStored(tensor, `${path}, ${name}`);
      const { shape, format } = tensor;
      tensors.set(name, { shape, data: decodeStored({ shape, format, bytes: file.read(name) }) });
    }
    return tensors;
  }
  for await (const batch of readBatches(path, kind)) {
    for (let row = 0; row < batch.numRows; row++) {
      const list = <T>(column: string): T => (batch.getChild(column)!.get(row) as { toArray(): T }).toArray();
      const shape = Array.from(list<Int32Array>('shape'));
      const data =
        batch.getChild('format')!.get(row) === 'float32'
          ? list<Float32Array>('float32')
          : dequantizeInt8({ shape, values: list<Int8Array>('int8'), scales: list<Float32Array>('scales') }).data;
      tensors.set(batch.getChild('name')!.get(row) as string, { shape, data });
    }
  }
  return tensors;
}

/** Sums in float64. */
export function diffTensor(name: string, a: Tensor | undefined, b: Tensor | undefined): TensorDiff {
  const shapes = { a: a ? [...a.shape] : null, b: b ? [...b.shape] : null };
  if (a === undefined || b === undefined || JSON.stringify(shapes.a) !== JSON.stringify(shapes.b))
    return { name, shapes, relative: null, maximum: null, cosine: null };
  let [difference, ofA, ofB, dot, maximum] = [0, 0, 0, 0, 0];
  for (const [i, x] of a.data.entries()) {
    const y = b.data[i]!;
    difference += (y - x) ** 2;
    ofA += x * x;
    ofB += y * y;
    dot += x * y;
    maximum = Math.max(maximum, Math.abs(y - x));
  }
  const same = difference === 0;
  return {
    name,
    shapes,
    relative: same ? 0 : Math.sqrt(difference / ofA),
    maximum,
    cosine: same ? 1 : dot / Math.sqrt(ofA * ofB),
  };
}
