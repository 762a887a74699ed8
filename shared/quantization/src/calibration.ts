/** @file Calibration: what the inputs of a model's matrices are like, on rows of text. */
import { borrowValues } from '@arrowsmith/backend';
import type { DecoderConfig, ParameterTensors } from '@arrowsmith/model';
import { watchLinearInputs } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';

/** What is known of the inputs x of a matrix [out, in], over all tokens. */
export interface InputStatistics {
  /** Tokens seen. */
  count: number;
  /** Σ x xᵀ, [in, in]: half the Hessian of the squared error of the matrix's products. Empty where only its diagonal was asked for. */
  products: Float64Array;
  /** Σ x² of each channel: the diagonal. */
  squares: Float64Array;
  /** Σ |x| of each channel. */
  magnitudes: Float64Array;
  /** max |x| of each channel. */
  maxima: Float64Array;
}

/** By the name of the parameter: one of a matrix, one for each matrix of a stack. Matrices that share an input share its statistics. */
export type Calibrated = ReadonlyMap<string, readonly InputStatistics[]>;

export interface Calibration {
  /**
   * Looks at a pass of the decoder.
   *
   * @param run computes with the calibration's parameters, and returns the hidden states after the final norm, [b, s, d]
   * @param counts for each of the b · s tokens whether it counts; experts see all of theirs
   */
  see(run: () => tf.Tensor, counts: readonly boolean[]): void;
  /** What was seen so far. A matrix that no product was taken with has none: a table that is looked up in, for example. */
  inputs: Calibrated;
}

/**
 * Begins a calibration.
 *
 * @param parameters float32 tensors, with which the passes compute
 * @param options whether to sum the products of channels, too, which take in² numbers a matrix
 */
export function createCalibration(
  config: DecoderConfig,
  parameters: ParameterTensors,
  { products }: { products: boolean },
): Calibration {
  const names = new Map(Object.entries(parameters).map(([name, { id }]) => [id, name]));
  const inputs = new Map<string, readonly InputStatistics[]>();
  const output = config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return {
    inputs,
    see(run, counts) {
      const counting = counts.flatMap((counted, token) => (counted ? [token] : []));
      const seen = new Map<number, readonly InputStatistics[]>(); // by the input, of this pass
      const see = (name: string, groups: number, width: number, x: tf.Tensor, offsets?: tf.Tensor): void => {
        const known = seen.get(x.id);
        const statistics = known ?? inputs.get(name) ?? Array.from({ length: groups }, () => nothing(width, products));
        inputs.set(name, statistics);
        seen.set(x.id, statistics);
        if (known !== undefined) return;
        tf.tidy(() => {
          const rows = tf.reshape(x, [-1, width]) as tf.Tensor2D;
          const bounds = offsets?.dataSync<'int32'>();
          for (const [group, of] of statistics.entries()) {
            if (bounds === undefined) add(of, counting.length < counts.length ? rowsAt(rows, counting) : rows);
            else if (bounds[group + 1]! > bounds[group]!) add(of, rowsFrom(rows, bounds[group]!, bounds[group + 1]!));
          }
        });
      };
      tf.tidy(() => {
        const hidden = watchLinearInputs((weight, x, offsets) => {
          const name = names.get(weight.id);
          const [groups, width] = [weight.rank === 3 ? weight.shape[0]! : 1, weight.shape.at(-1)!];
          if (name !== undefined) see(name, groups, width, x, offsets);
        }, run);
        see(output, 1, config.hiddenSize, hidden);
      });
    },
  };
}

const nothing = (width: number, products: boolean): InputStatistics => ({
  count: 0,
  products: new Float64Array(products ? width * width : 0),
  squares: new Float64Array(width),
  magnitudes: new Float64Array(width),
  maxima: new Float64Array(width),
});

/** Counts rows [n, in]: products are computed by the backend in float32 a batch at a time, and summed over batches in float64. */
function add(of: InputStatistics, rows: tf.Tensor2D): void {
  of.count += rows.shape[0];
  addTo(of.squares, tf.sum(tf.square(rows), 0));
  const magnitudes = tf.abs(rows);
  addTo(of.magnitudes, tf.sum(magnitudes, 0));
  for (const [j, value] of borrowValues(tf.max(magnitudes, 0)).entries()) of.maxima[j] = Math.max(of.maxima[j]!, value);
  if (of.products.length > 0) addTo(of.products, tf.matMul(rows, rows, true, false));
}

function addTo(sums: Float64Array, tensor: tf.Tensor): void {
  const values = borrowValues(tensor);
  for (let i = 0; i < values.length; i++) sums[i]! += values[i]!;
}

// Plain copies: as operations, slices and gathers take longer than the products on backends that have no kernels for them.

function rowsFrom(rows: tf.Tensor2D, from: number, to: number): tf.Tensor2D {
  const width = rows.shape[1];
  return tf.tensor2d(borrowValues(rows).slice(from * width, to * width), [to - from, width]);
}

function rowsAt(rows: tf.Tensor2D, indices: readonly number[]): tf.Tensor2D {
  const width = rows.shape[1];
  const all = borrowValues(rows);
  const values = new Float32Array(indices.length * width);
  for (const [i, row] of indices.entries()) values.set(all.subarray(row * width, (row + 1) * width), i * width);
  return tf.tensor2d(values, [indices.length, width]);
}
