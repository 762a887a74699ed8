/** @file Formats and methods beside each other: what each costs and loses, over rows of the validation split. */
import { setImmediate } from 'node:timers/promises';
import {
  booleans,
  comparedErrorTable,
  numbers,
  quantizationComparisonTable,
  type StoredTensor,
  strings,
} from '@arrowsmith/artifacts';
import { type DecoderConfig, type Parameters, tensorsOf, type Weights } from '@arrowsmith/model';
import type { StageContext } from '@arrowsmith/pipeline/stage';
import {
  type Calibrated,
  decodeStored,
  type QuantizedTensor,
  quantizeModel,
  storeFloat32,
} from '@arrowsmith/quantization';
import { type ActivationPrecision, withActivations } from '@arrowsmith/quantization/activations';
import type { Method } from '@arrowsmith/quantization/methods';
import { runnable } from '@arrowsmith/quantization/model';
import { type DocumentLosses, meanLoss, pairedBootstrap } from '@arrowsmith/runs/bootstrap';
import { checkLoss, evenlySpread, splitLoss, type TokenTable } from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import type { QuantizeParameters } from './declaration.ts';
import { bitsPerWeight } from './size.ts';
import { usedFormats } from './used-formats.ts';

/** Rows that go through the model together. */
const BATCH_ROWS = 16;

/** A model that was measured. */
interface Measured {
  /** That was asked for, and what matrices have instead. */
  format: string;
  method: Method;
  activations: ActivationPrecision;
  bytes: number;
  bitsPerWeight: number;
  /** Of the tensor that has most. */
  largestError: number;
  bitsPerByte: number;
  perplexity: number;
  addedBitsPerByte: number;
  low: number;
  high: number;
}

export interface Comparison {
  config: DecoderConfig;
  weights: Weights;
  inputs: Calibrated | undefined;
  /** The validation split, and the bytes of each row. */
  validation: { rows: TokenTable; bytes: Int32Array };
}

/** Measures all that is asked for, and writes the tables. @returns a line for the summary */
export async function compare(
  context: StageContext<QuantizeParameters>,
  asked: NonNullable<QuantizeParameters['compare']>,
  { config, weights, inputs, validation }: Comparison,
): Promise<string> {
  const { rows, bytes } = validation;
  const { alpha } = context.parameters;
  const indices = evenlySpread(rows.rows, asked.rows ?? rows.rows);
  const units = Float64Array.from(indices, (row) => bytes[row]! * Math.LN2);
  const pairs = asked.methods.flatMap((method) => asked.formats.map((format) => ({ format, method })));
  const bar = context.progress(`${context.step} compares`, {
    total: pairs.length * asked.activations.length + 1,
    unit: 'models',
  });

  const lossOf = async (
    parameters: Parameters,
    name: string,
  ): Promise<{ losses: DocumentLosses; perplexity: number }> => {
    const nats: number[] = [];
    const onRow = ({ losses }: { losses: Float32Array }) => nats.push(losses.reduce((sum, loss) => sum + loss, 0));
    try {
      const { signal } = context;
      const loss = await splitLoss({ config, parameters, rows, indices, batchSize: BATCH_ROWS, onRow, signal });
      checkLoss(loss.nats, `${context.step}, ${name}`, Object.entries(weights));
      return { losses: { nats: Float64Array.from(nats), units }, perplexity: Math.exp(loss.nats / loss.tokens) };
    } finally {
      tf.dispose(parameters as tf.TensorContainer);
    }
  };
  const original = await lossOf(tensorsOf(weights), 'the model as it was');
  const stored = Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, storeFloat32(tensor)]));
  const rowOf = (
    { format, method, activations }: Pick<Measured, 'format' | 'method' | 'activations'>,
    tensors: Readonly<Record<string, StoredTensor>>,
    errors: readonly QuantizedTensor[],
    { losses, perplexity }: typeof original,
  ): Measured => {
    const { difference: addedBitsPerByte, low, high } = pairedBootstrap(original.losses, losses);
    return {
      format,
      method,
      activations,
      bytes: Object.values(tensors).reduce((sum, tensor) => sum + tensor.bytes.length, 0),
      bitsPerWeight: bitsPerWeight(tensors),
      largestError: errors.reduce((largest, { relative }) => Math.max(largest, relative), 0),
      bitsPerByte: meanLoss(losses),
      perplexity,
      addedBitsPerByte,
      low,
      high,
    };
  };
  const measured = [rowOf({ format: 'f32', method: 'nearest', activations: 'f32' }, stored, [], original)];
  const tensorErrors: ({ format: string; method: Method } & QuantizedTensor)[] = [];
  bar.update(1);
  for (const pair of pairs) {
    const { format, method } = pair;
    const running = quantizeModel({ config, weights, formatOf: () => format, method, alpha, inputs });
    let next = await running.next();
    for (; next.done !== true; next = await running.next()) {
      await setImmediate();
      context.signal.throwIfAborted();
    }
    const { tensors, errors } = next.value;
    const used = { ...pair, format: usedFormats(format, tensors) };
    for (const activations of asked.activations) {
      const parameters =
        activations === 'f32'
          ? tensorsOf(decodedOf(tensors))
          : withActivations(runnable(config, tensors), activations, `${context.step}, ${format}`);
      measured.push(
        rowOf({ ...used, activations }, tensors, errors, await lossOf(parameters, `${format} by ${method}`)),
      );
      bar.update(measured.length, `${nameOf(measured.at(-1)!)} ${added(measured.at(-1)!)}`);
    }
    tensorErrors.push(...errors.map((error) => ({ ...used, ...error })));
  }
  bar.end();
  await writeTables(context, measured, tensorErrors);
  const lines = frontier(measured).map((row) => `${nameOf(row)} ${row.bitsPerWeight.toFixed(2)} bits ${added(row)}`);
  return `of ${measured.length} models nothing as small loses less than ${lines.join(', ')}`;
}

/** The float32 values that weights stand for. */
const decodedOf = (tensors: Readonly<Record<string, StoredTensor>>): Weights =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, of]) => [name, { shape: [...of.shape], data: decodeStored(of) }]),
  );

/** Format and method, and activations where they are no float32. */
const nameOf = ({ format, method, activations }: Measured): string =>
  `${format} ${method}${activations === 'f32' ? '' : ` by ${activations}`}`;

/** What is added to the bits per byte of the model as it was, which are what is left. */
function added({ bitsPerByte, addedBitsPerByte }: Measured): string {
  const share = (100 * addedBitsPerByte) / (bitsPerByte - addedBitsPerByte);
  return `${share < 0 ? '−' : '+'}${Math.abs(share).toFixed(2)} %`;
}

/** Those that nothing is better than: of smaller or the same size with less loss, or smaller with the same loss. The smallest first. */
export function frontier<T extends Pick<Measured, 'bytes' | 'bitsPerByte'>>(measured: readonly T[]): T[] {
  const isBetter = (a: T, b: T): boolean =>
    a.bytes <= b.bytes && a.bitsPerByte <= b.bitsPerByte && (a.bytes < b.bytes || a.bitsPerByte < b.bitsPerByte);
  return measured.filter((row) => !measured.some((other) => isBetter(other, row))).sort((a, b) => a.bytes - b.bytes);
}

async function writeTables(
  { table }: StageContext<QuantizeParameters>,
  measured: readonly Measured[],
  errors: readonly ({ format: string; method: Method } & QuantizedTensor)[],
): Promise<void> {
  const best = new Set(frontier(measured));
  const column = (name: Exclude<keyof Measured, 'format' | 'method' | 'activations'>) =>
    numbers(Float64Array.from(measured, (row) => row[name]));
  await table('comparison.arrow', quantizationComparisonTable, {}, [
    {
      format: strings(measured.map(({ format }) => format)),
      method: strings(measured.map(({ method }) => method)),
      activations: strings(measured.map(({ activations }) => activations)),
      bytes: column('bytes'),
      bitsPerWeight: column('bitsPerWeight'),
      largestError: column('largestError'),
      bitsPerByte: column('bitsPerByte'),
      perplexity: column('perplexity'),
      addedBitsPerByte: column('addedBitsPerByte'),
      low: column('low'),
      high: column('high'),
      onFrontier: booleans(measured.map((row) => best.has(row))),
    },
  ]);
  await table('comparison-errors.arrow', comparedErrorTable, {}, [
    {
      format: strings(errors.map(({ format }) => format)),
      method: strings(errors.map(({ method }) => method)),
      name: strings(errors.map(({ name }) => name)),
      bytes: numbers(Float64Array.from(errors, ({ bytesAfter }) => bytesAfter)),
      relative: numbers(Float64Array.from(errors, ({ relative }) => relative)),
    },
  ]);
}
