/**
 * @file AWQ (Lin et al. 2023, https://arxiv.org/abs/2306.00978): channels that carry large inputs are made larger in the matrices that read them, so
 * that rounding harms them less, and smaller where they are made. The model computes what it did, and is an ordinary model.
 */
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import type { Calibrated, InputStatistics } from './calibration.ts';
import { channelGroups, type ChannelGroup } from './channel-groups.ts';
import { formatForRows } from './formats/index.ts';
import { quantize } from './formats/quantize.ts';
import { copyOf, type Matrix, matrixOf, scaleChannels } from './scale-channels.ts';

/** Steps of the exponent α from 0 to 1: scales are |x|^α. */
const STEPS = 10;

/** Of the largest mean of |x|, the least that a channel counts as: scales stay within what float32 weights bear. */
const LEAST = 1e-4;

export interface AwqOptions {
  config: DecoderConfig;
  weights: Weights;
  /** The format that each matrix will have. */
  formatOf: (name: string) => string;
  /** With the products of channels. */
  inputs: Calibrated;
}

/** A group of channels whose scales were chosen. */
export interface ChosenScales {
  /** The matrices that read the channels. */
  names: string[];
  /** The exponent. */
  alpha: number;
  /** Σ ‖Δ x‖² of them once they are rounded, relative to that without scales. */
  error: number;
}

/**
 * Weights of the same model that lose less when they are rounded. Of each group of channels all exponents are tried, and the one stays with which the
 * matrices that read them lose least, which may be 0. The weights are copies.
 *
 * @returns the weights, and what was chosen, group by group
 */
export async function* awq({
  config,
  weights: given,
  formatOf,
  inputs,
}: AwqOptions): AsyncGenerator<ChosenScales, Weights> {
  const weights = copyOf(given);
  for (const group of channelGroups(config)) {
    const statistics = group.readers.map(({ name, at = 0 }) => inputs.get(name)?.[at]);
    if (statistics.some((of) => of === undefined)) continue;
    const readers = group.readers.flatMap((reader, i) => {
      const of = statistics[i]!;
      return of.count === 0 ? [] : [{ matrix: matrixOf(weights, reader), of, format: formatOf(reader.name) }];
    });
    const magnitudes = channelMagnitudes(group, statistics as InputStatistics[]);
    if (readers.length === 0 || !(Math.max(...magnitudes) > 0)) continue;
    const plain = await errorOf(readers, group, magnitudes, 0);
    let [alpha, least] = [0, plain];
    for (let step = 1; step <= STEPS; step++) {
      const error = await errorOf(readers, group, magnitudes, step / STEPS);
      if (error < least) [alpha, least] = [step / STEPS, error];
    }
    if (alpha > 0) scaleChannels(weights, group, scalesOf(magnitudes, alpha));
    yield { names: group.readers.map(({ name }) => name), alpha, error: plain === 0 ? 1 : least / plain };
  }
  return weights;
}

interface Reader {
  matrix: Matrix;
  of: InputStatistics;
  format: string;
}

/** The mean of |x| of each channel that is made; readers of one that several of theirs come from have the mean of these. */
function channelMagnitudes(
  { channels, channelOf }: ChannelGroup,
  statistics: readonly InputStatistics[],
): Float64Array {
  const sums = new Float64Array(channels);
  const counts = new Float64Array(channels);
  for (const { magnitudes, count } of statistics) {
    for (const [j, magnitude] of magnitudes.entries()) {
      sums[channelOf(j)]! += magnitude;
      counts[channelOf(j)]! += count;
    }
  }
  return sums.map((sum, channel) => (counts[channel] === 0 ? 0 : sum / counts[channel]!));
}

/** |x|^α, around 1. */
function scalesOf(magnitudes: Float64Array, alpha: number): Float64Array {
  const largest = Math.max(...magnitudes);
  const scales = magnitudes.map((magnitude) => Math.max(magnitude, LEAST * largest) ** alpha);
  const middle = Math.sqrt(Math.max(...scales) * Math.min(...scales));
  return scales.map((scale) => scale / middle);
}

/** Σ ‖Δ x‖² of all readers, whose columns are scaled, rounded, and scaled back. */
async function errorOf(
  readers: readonly Reader[],
  { channelOf }: ChannelGroup,
  magnitudes: Float64Array,
  alpha: number,
): Promise<number> {
  const scales = scalesOf(magnitudes, alpha);
  let sum = 0;
  for (const {
    matrix: { data, columns },
    of,
    format: asked,
  } of readers) {
    const { name, dequantize } = formatForRows(asked, columns);
    const factors = Float64Array.from({ length: columns }, (_, j) => scales[channelOf(j)]!);
    const scaled = data.map((value, i) => value * factors[i % columns]!);
    const rounded = dequantize(quantize(name, scaled, columns), columns);
    const errors = rounded.map((value, i) => value / factors[i % columns]! - data[i]!);
    sum += await squaredProducts(errors, columns, of);
  }
  return sum;
}

/** Σ Δ (Σ x xᵀ) Δᵀ over the rows Δ. */
export async function squaredProducts(
  errors: Float32Array,
  columns: number,
  { products }: InputStatistics,
): Promise<number> {
  const sum = tf.tidy(() => {
    const rows = tf.tensor2d(errors, [errors.length / columns, columns]);
    const sums = tf.tensor2d(Float32Array.from(products), [columns, columns]);
    return tf.sum(tf.mul(tf.matMul(rows, sums), rows));
  });
  const [value] = await sum.data<'float32'>();
  sum.dispose();
  return value!;
}
