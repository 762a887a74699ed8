/** @file The weights of a model as float32 tensors, whatever they are stored as: for losses, which the stage `evaluate` takes in float32, too. */
import { type ParameterTensors, tensorsOf } from '@arrowsmith/model';
import { decodeStored } from '@arrowsmith/quantization';

/** A model whose weights are read one by one. */
interface Stored {
  names: readonly string[];
  read(name: string): { shape: readonly number[]; format: string; bytes: Uint8Array };
}

/** Tensors on the active backend, which whoever asked disposes of; the format that most bytes are stored in, and how many there are. */
export interface LoadedParameters {
  parameters: ParameterTensors;
  format: string;
  bytes: number;
}

/** Reads all weights, one after the other, so that none is in memory twice. */
export function loadParameters({ names, read }: Stored): LoadedParameters {
  const parameters: ParameterTensors = {};
  const bytesOf = new Map<string, number>();
  for (const name of names) {
    const stored = read(name);
    Object.assign(parameters, tensorsOf({ [name]: { shape: [...stored.shape], data: decodeStored(stored) } }));
    bytesOf.set(stored.format, (bytesOf.get(stored.format) ?? 0) + stored.bytes.length);
  }
  const [[format] = ['f32']] = [...bytesOf].sort(([, a], [, b]) => b - a);
  return { parameters, format, bytes: [...bytesOf.values()].reduce((sum, each) => sum + each, 0) };
}
