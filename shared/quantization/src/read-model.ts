/** @file Models as stages write them: the trained weights, and what is left of them after quantization. */
import { openTensors, quantizedTensorsTable, readBatches, readMetadata } from '@arrowsmith/artifacts';
import {
  checkWeights,
  parseDecoderConfig,
  PER_LAYER_TABLE,
  type DecoderConfig,
  type PerLayerRows,
  type Weights,
} from '@arrowsmith/model';
import { dequantizeInt8 } from './int8.ts';

export interface Model {
  /** float32, or the format of the quantized weights. */
  name: string;
  config: DecoderConfig;
  weights: Weights;
  /** Reads the table of per-layer embeddings row by row, where it is left in its file. */
  perLayerRows?: PerLayerRows;
}

/**
 * Reads the weights that `train` wrote, without the table of per-layer embeddings: of that, tokens need a row each.
 * @throws UserError when they are not those of their configuration
 */
export async function readTrainedModel(path: string): Promise<Model> {
  const file = await openTensors(path);
  const config = parseDecoderConfig(file.metadata['config'], path);
  const inMemory = [...file.shapes].filter(([name]) => name !== PER_LAYER_TABLE);
  const weights = Object.fromEntries(inMemory.map(([name, shape]) => [name, { shape, data: file.read(name) }]));
  const isApart = file.shapes.has(PER_LAYER_TABLE);
  checkWeights(config, weights, path, isApart ? [PER_LAYER_TABLE] : []);
  return {
    name: 'float32',
    config,
    weights,
    ...(isApart ? { perLayerRows: (ids) => file.readRows(PER_LAYER_TABLE, ids) } : {}),
  };
}

/** Reads the weights that `quantize` wrote, as the float32 values they stand for. @throws UserError as above */
export async function readQuantizedModel(path: string): Promise<Model> {
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
  return { name: metadata['format']!, config, weights };
}
