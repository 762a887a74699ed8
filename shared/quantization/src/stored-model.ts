/** @file Models as every stage that makes one writes them: `weights.arrow`, the configuration in its metadata, each weight in a format of its own. */
import { readSchema, type StoredTensor } from '@arrowsmith/artifacts';
import { multipliesStored, storedMatrix, type Weight } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import {
  checkShapes,
  countParameters,
  type DecoderConfig,
  freezeParameters,
  parseDecoderConfig,
  PER_LAYER_TABLE,
  type PerLayerRows,
  type Parameters,
  storableParameters,
  type Weights,
} from '@arrowsmith/model';
import { BEFORE } from './models-before-formats.ts';
import { formatOfNumbers, openStoredWeights, type StoredWeights } from './stored-planes.ts';
import { checkStored, decodeStored, storeFloat32 } from './weight-formats.ts';

export { WEIGHTS_FILE } from './model-files.ts';

/** A model in memory. */
export interface Model {
  config: DecoderConfig;
  weights: Weights;
  /** Reads the table of per-layer embeddings row by row, where it is left in its file. */
  perLayerRows?: PerLayerRows;
  /** The format that most bytes of the weights are stored in, in planes or not. */
  format: string;
  /** Of all stored weights, in planes where they are. */
  bytes: number;
}

/** What the manifest of a model says of it, whoever made it. */
export function modelMetadata(
  config: DecoderConfig,
  tensors: Readonly<Record<string, StoredTensor>>,
): { config: string; parameters: number; format: string; bytes: number } {
  const stored = Object.values(tensors).map(({ format, bytes }) => ({
    format: formatOfNumbers(format),
    storedBytes: bytes.length,
  }));
  return { config: JSON.stringify(config), parameters: countParameters(config), ...formatOf(stored) };
}

function formatOf(stored: readonly { format: string; storedBytes: number }[]): { format: string; bytes: number } {
  const byFormat = new Map<string, number>();
  for (const { format, storedBytes } of stored) byFormat.set(format, (byFormat.get(format) ?? 0) + storedBytes);
  const [[format] = ['f32']] = [...byFormat].sort(([, a], [, b]) => b - a);
  return { format, bytes: stored.reduce((sum, { storedBytes }) => sum + storedBytes, 0) };
}

/** All weights of a model as float32, to be stored. */
export const storeWeights = (weights: Weights): Record<string, StoredTensor> =>
  Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, storeFloat32(tensor)]));

/**
 * Reads a model, as the float32 values that its weights stand for.
 *
 * @param whole whether the table of per-layer embeddings comes into memory, too; it stays in its file otherwise, as tokens need a row each
 * @param mantissaBits of weights in planes only the top ones are read: so many bits of each mantissa; all by default
 * @throws UserError when the file is damaged, or the weights are not those of the configuration
 */
export async function readModel(
  path: string,
  { whole = false, mantissaBits }: { whole?: boolean; mantissaBits?: number | undefined } = {},
): Promise<Model> {
  const { kind } = (await readSchema(path)).metadata;
  if (kind !== undefined && kind in BEFORE) return BEFORE[kind as keyof typeof BEFORE](path);
  const file = await openStoredWeights(path, { mantissaBits });
  const config = parseDecoderConfig(file.metadata['config'], path);
  const table = file.tensors.get(PER_LAYER_TABLE);
  const isApart = !whole && table?.format === 'f32' && table.bytes === table.storedBytes;
  for (const [name, tensor] of file.tensors) checkStored(tensor, `${path}, ${name}`);
  checkShapes(config, file.tensors, path);
  const weights: Weights = {};
  for (const [name, { shape, format }] of file.tensors) {
    if (isApart && name === PER_LAYER_TABLE) continue;
    weights[name] = { shape, data: decodeStored({ shape, format, bytes: file.read(name) }) };
  }
  const stored = formatOf([...file.tensors.values()]);
  return { config, weights, ...stored, ...(isApart ? { perLayerRows: rowsFrom(file) } : {}) };
}

/** A model whose weights are read one by one, as they are stored. */
export interface OpenedModel {
  config: DecoderConfig;
  /** Of all weights. */
  names: readonly string[];
  /** Of all weights: their sizes, in planes or not. */
  sizes: readonly { name: string; shape: readonly number[]; format: string; bytes: number }[];
  read(name: string): StoredTensor;
}

/**
 * Opens a model, and reads its weights when they are asked for, as they are stored.
 *
 * @throws UserError when the file is damaged, or the weights are not those of the configuration
 */
export async function openModel(path: string): Promise<OpenedModel> {
  const { kind } = (await readSchema(path)).metadata;
  if (kind !== undefined && kind in BEFORE) {
    const { config, weights } = await BEFORE[kind as keyof typeof BEFORE](path);
    const stored = storeWeights(weights);
    const sizes = Object.entries(stored).map(([name, { shape, format, bytes }]) => ({
      name,
      shape,
      format,
      bytes: bytes.length,
    }));
    return { config, names: Object.keys(stored), sizes, read: (name) => known(stored[name], name) };
  }
  const file = await openStoredWeights(path);
  const config = parseDecoderConfig(file.metadata['config'], path);
  for (const [name, tensor] of file.tensors) checkStored(tensor, `${path}, ${name}`);
  checkShapes(config, file.tensors, path);
  return {
    config,
    names: [...file.tensors.keys()],
    sizes: [...file.tensors].map(([name, { shape, format, bytes }]) => ({ name, shape, format, bytes })),
    read(name) {
      const { shape, format } = known(file.tensors.get(name), name);
      return { shape, format, bytes: file.read(name) };
    },
  };
}

function known<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new Error(`the model has no weight ${name}`);
  return found;
}

/** A model that is ready to run. */
export interface RunnableModel extends Omit<Model, 'weights'> {
  /** On the active backend; whoever is done with it disposes of them (`tf.dispose`). */
  parameters: Parameters;
}

/**
 * Reads a model to run it on the active backend: each matrix as it is stored, where kernels multiply with its format, and as a tensor of the float32
 * values that it stands for elsewhere.
 *
 * @throws UserError as {@link readModel}
 */
export async function loadModel(path: string): Promise<RunnableModel> {
  const { kind } = (await readSchema(path)).metadata;
  if (kind !== undefined && kind in BEFORE) {
    const { weights, ...model } = await BEFORE[kind as keyof typeof BEFORE](path);
    return { ...model, parameters: runnable(model.config, storeWeights(weights)) };
  }
  const { weights, ...model } = await readModel(path);
  const file = await openStoredWeights(path);
  const stored = Object.keys(weights).map((name) => {
    const { shape = [], format = 'f32' } = file.tensors.get(name) ?? {};
    return [name, { shape, format, bytes: file.read(name) }] as const;
  });
  return { ...model, parameters: runnable(model.config, Object.fromEntries(stored)) };
}

/** Weights on the active backend, as kernels that generate text take them. */
export function runnable(config: DecoderConfig, tensors: Readonly<Record<string, StoredTensor>>): Parameters {
  const storable = storableParameters(config);
  const parameters: Record<string, Weight> = {};
  for (const [name, stored] of Object.entries(tensors)) {
    const { shape, format, bytes } = stored;
    parameters[name] =
      storable.has(name) && multipliesStored(format)
        ? storedMatrix(format, shape, bytes)
        : tf.tensor(decodeStored(stored), [...shape], 'float32');
  }
  return parameters;
}

/**
 * A model on the active backend that training leaves as it is: matrices as they are stored where kernels know their format, else in float32.
 *
 * @returns parameters that no gradient flows to, except norms, biases and the like; whoever is done with them disposes of them
 */
export function frozenParameters({ config, names, read }: OpenedModel): Parameters {
  const storable = storableParameters(config);
  const parameters: Record<string, Weight> = {};
  for (const name of names) {
    const stored = read(name);
    // Those that share an input are all stored, or none is.
    const isOther = storable.has(name) && !multipliesStored(stored.format) && multipliesStored('f32');
    const usable = isOther ? storeFloat32({ shape: [...stored.shape], data: decodeStored(stored) }) : stored;
    Object.assign(parameters, runnable(config, { [name]: usable }));
  }
  return freezeParameters(config, parameters);
}

/** Rows of the table of per-layer embeddings, each from its place in the file. */
function rowsFrom({ tensors, read }: StoredWeights): PerLayerRows {
  const width = tensors.get(PER_LAYER_TABLE)!.shape.at(-1)!;
  return (ids) => {
    const rows = new Float32Array(ids.length * width);
    for (const [i, id] of ids.entries()) {
      const { buffer } = read(PER_LAYER_TABLE, { offset: 4 * width * id, length: 4 * width });
      rows.set(new Float32Array(buffer as ArrayBuffer), i * width);
    }
    return rows;
  };
}
