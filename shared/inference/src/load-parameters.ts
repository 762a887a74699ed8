/**
 * @file The weights of a model for losses: as float32 tensors, whatever they are stored as, as the stage `evaluate` takes them, too; or as they are stored,
 * multiplied with activations of int8.
 */
import { type DecoderConfig, type Parameters, tensorsOf } from '@arrowsmith/model';
import { decodeStored } from '@arrowsmith/quantization';
import { type ActivationPrecision, withActivations } from '@arrowsmith/quantization/activations';
import { runnable } from '@arrowsmith/quantization/model';

/** A model whose weights are read one by one. */
interface Stored {
  config: DecoderConfig;
  names: readonly string[];
  read(name: string): { shape: readonly number[]; format: string; bytes: Uint8Array };
}

/** On the active backend, for whoever asked to dispose of; the format that most bytes are stored in, and how many there are. */
export interface LoadedParameters {
  parameters: Parameters;
  format: string;
  bytes: number;
}

/**
 * Reads all weights, one after the other, so that none is in memory twice.
 *
 * @param where the model, for errors
 * @throws UserError for activations of int8 where there is nothing to multiply them with
 */
export function loadParameters(
  { config, names, read }: Stored,
  { activations, where }: { activations: ActivationPrecision; where: string },
): LoadedParameters {
  const parameters: Record<string, Parameters[string]> = {};
  const bytesOf = new Map<string, number>();
  for (const name of names) {
    const stored = read(name);
    const { shape, format, bytes } = stored;
    const loaded =
      activations === 'f32'
        ? tensorsOf({ [name]: { shape: [...shape], data: decodeStored(stored) } })
        : runnable(config, { [name]: stored });
    Object.assign(parameters, loaded);
    bytesOf.set(format, (bytesOf.get(format) ?? 0) + bytes.length);
  }
  const [[format] = ['f32']] = [...bytesOf].sort(([, a], [, b]) => b - a);
  const bytes = [...bytesOf.values()].reduce((sum, each) => sum + each, 0);
  return { parameters: withActivations(parameters, activations, where), format, bytes };
}
