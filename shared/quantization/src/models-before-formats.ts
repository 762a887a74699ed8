/** @file Models as they were stored before each weight had a format of its own: runs of that time are still in ledgers, and their models used. */
import { quantizedTensorsTable, readBatches, readMetadata, readTensors, tensorsTable } from '@arrowsmith/artifacts';
import { checkWeights, parseDecoderConfig, type Weights } from '@arrowsmith/model';
import { dequantizeInt8, storedBytes } from './int8.ts';
import type { Model } from './stored-model.ts';

/** By kind of table. */
export const BEFORE = {
  [tensorsTable.kind as 'tensors']: readTrained,
  [quantizedTensorsTable.kind as 'quantized-tensors']: readQuantized,
};

async function readTrained(path: string): Promise<Model> {
  const { tensors: weights, metadata } = await readTensors(path);
  const config = parseDecoderConfig(metadata['config'], path);
  checkWeights(config, weights, path);
  const bytes = Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0);
  return { format: 'f32', config, weights, bytes };
}

async function readQuantized(path: string): Promise<Model> {
  const metadata = await readMetadata(path, quantizedTensorsTable.kind);
  const config = parseDecoderConfig(metadata['config'], path);
  const weights: Weights = {};
  for await (const batch of readBatches(path, quantizedTensorsTable.kind)) {
    const list = <T>(column: string, row: number): T =>
      (batch.getChild(column)!.get(row) as { toArray(): T }).toArray();
    for (let row = 0; row < batch.numRows; row++) {
      const shape = Array.from(list<Int32Array>('shape', row));
      const values = list<Int8Array>('int8', row);
      const quantized = batch.getChild('format')!.get(row) !== 'float32';
      const data = quantized
        ? dequantizeInt8({ shape, values, scales: list<Float32Array>('scales', row) }).data
        : list<Float32Array>('float32', row);
      weights[batch.getChild('name')!.get(row) as string] = { shape, data };
    }
  }
  checkWeights(config, weights, path);
  const bytes = Object.values(weights).reduce((sum, { shape }) => sum + storedBytes(shape), 0);
  return { format: metadata['format']!, config, weights, bytes };
}
