/** @file All matrices of a model in fewer bits, by one of several methods. */
import type { StoredTensor } from '@arrowsmith/artifacts';
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import { awq } from './awq.ts';
import type { Calibrated } from './calibration.ts';
import { isQuantizable } from './int8.ts';
import type { Method } from './methods.ts';
import { type QuantizationError, quantizationError } from './quantization-error.ts';
import { ALPHA, smoothQuant } from './smoothquant.ts';
import { storeAs } from './store-as.ts';
import { decodeStored, storeFloat32 } from './weight-formats.ts';

export interface QuantizeModelOptions {
  config: DecoderConfig;
  weights: Weights;
  /** The format that each matrix is to have; rows that are no whole number of its blocks have another by rule. */
  formatOf: (name: string) => string;
  method: Method;
  /** The exponent of smoothquant; by default {@link ALPHA}. */
  alpha?: number | undefined;
  /** For methods that calibrate. */
  inputs?: Calibrated | undefined;
}

export interface QuantizedTensor extends QuantizationError {
  name: string;
  bytesBefore: number;
  bytesAfter: number;
}

export interface QuantizedModel {
  tensors: Record<string, StoredTensor>;
  /** Of matrices that are no float32: with AWQ and SmoothQuant against those of the same model with other scales. */
  errors: QuantizedTensor[];
}

/**
 * Quantizes a model, a tensor at a time.
 *
 * @returns after the names of what is done, the model
 * @throws UserError for a weight that is not finite, or larger than its format's numbers
 */
export async function* quantizeModel({
  config,
  weights,
  formatOf,
  method,
  alpha = ALPHA,
  inputs,
}: QuantizeModelOptions): AsyncGenerator<string, QuantizedModel> {
  if (method !== 'nearest' && inputs === undefined) throw new Error(`${method} needs to know the matrices' inputs`);
  let scaled = weights;
  if ((method === 'awq' || method === 'smoothquant') && inputs !== undefined) {
    const scaling =
      method === 'awq' ? awq({ config, weights, formatOf, inputs }) : smoothQuant({ config, weights, inputs, alpha });
    let next = await scaling.next();
    for (; next.done !== true; next = await scaling.next()) yield next.value.names.join(', ');
    scaled = next.value;
  }
  const tensors: Record<string, StoredTensor> = {};
  const errors: QuantizedTensor[] = [];
  for (const [name, tensor] of Object.entries(scaled)) {
    const of = inputs?.get(name);
    const rounding =
      (method === 'gptq' || method === 'importance') && of !== undefined ? { method, inputs: of } : undefined;
    const stored = isQuantizable(tensor.shape) ? storeAs(formatOf(name), tensor, name, rounding) : storeFloat32(tensor);
    tensors[name] = stored;
    if (stored.format !== 'f32') {
      const error = quantizationError(tensor, { shape: tensor.shape, data: decodeStored(stored) });
      errors.push({ name, bytesBefore: 4 * tensor.data.length, bytesAfter: stored.bytes.length, ...error });
    }
    yield name;
  }
  return { tensors, errors };
}
