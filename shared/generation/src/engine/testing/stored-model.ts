/** @file Small models whose matrices are stored, as the active backend's kernels take them, and the texts that engines write with them. */
import { decoderConfig, initialWeights, modelParameters, storableParameters } from '@arrowsmith/model';
import { multipliesStored, storedMatrix } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { EngineModel } from '../model-passes.ts';
import type { GenerationEvent } from '../request.ts';

const sizes = { hiddenSize: 32, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 48, initializerRange: 0.3 };

/** Tokens that a text may have. */
export const CONTEXT = 48;
export const VOCABULARY = 61;

/** Of int8: numbers that have one for all rows are enough here. */
const SCALE = 1 / 100;

/** Each matrix as kernels take it. Bytes that stand for numbers somehow are enough here. */
const formats = {
  f32: (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  bf16: (data: Float32Array) => {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
    return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
  },
  int8: (data: Float32Array, columns: number) => {
    const scales = new Float32Array(data.length / columns).fill(SCALE);
    const integers = Int8Array.from(data, (x) => x / SCALE);
    return Buffer.concat([new Uint8Array(scales.buffer), new Uint8Array(integers.buffer)]);
  },
};

export type Format = keyof typeof formats;

/** A format, or one whose integers are multiplied with activations of int8. */
export type Stored = Format | 'int8 by int8';

/** What the bytes stand for. */
const decoded: Record<Format, (data: Float32Array) => Float32Array> = {
  f32: (data) => data,
  bf16(data) {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
    return new Float32Array(words.map((word) => word & 0xffff0000).buffer);
  },
  int8: (data) =>
    Float32Array.from(
      Int8Array.from(data, (x) => x / SCALE),
      (integer) => integer * Math.fround(SCALE),
    ),
};

/** A model of a family with weights of seed 3: its matrices stored where the active backend has kernels for that, and tensors of the same numbers elsewhere. */
export function storedModel(family: string, stored: Stored): EngineModel {
  const [format, activations] = stored === 'int8 by int8' ? (['int8', 'int8'] as const) : ([stored, 'f32'] as const);
  const config = decoderConfig(modelParameters.parse({ family, ...sizes, window: 7, chunk: 8 }), {
    vocabularySize: VOCABULARY,
    contextLength: CONTEXT,
  });
  const storable = storableParameters(config);
  const parameters = Object.entries(initialWeights(config, 3)).map(([name, { shape, data }]) => {
    if (!storable.has(name)) return [name, tf.tensor(data, shape)] as const;
    const weight = multipliesStored(format)
      ? { ...storedMatrix(format, shape, formats[format](data, shape.at(-1) ?? 1)), activations }
      : tf.tensor(decoded[format](data), shape);
    return [name, weight] as const;
  });
  return { config, parameters: Object.fromEntries(parameters) };
}

/** A text: tokens and their log-probabilities. */
export async function write(events: AsyncIterable<GenerationEvent>, upTo = Infinity): Promise<number[]> {
  const told: number[] = [];
  for await (const event of events) {
    if (event.kind !== 'token') continue;
    told.push(event.id, event.logProbabilities?.logProbability ?? NaN);
    if (told.length >= 2 * upTo) break;
  }
  return told;
}
