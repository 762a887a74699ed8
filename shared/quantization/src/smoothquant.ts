/**
 * @file SmoothQuant (Xiao et al. 2022, https://arxiv.org/abs/2211.10438): activations have channels far larger than others, which leave those few of
 * int8's steps; weights have not. So channels are made smaller where they come from, and larger in the matrices that read them, until both are as hard to
 * quantize. The model computes what it did, and is an ordinary model.
 */
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import type { Calibrated } from './calibration.ts';
import { type ChannelGroup, channelGroups } from './channel-groups.ts';
import { copyOf, matrixOf, scaleChannels } from './scale-channels.ts';

/** What the paper has for most models. */
export const ALPHA = 0.5;

/** Of the largest channel's maximum, the least that one counts as: scales stay within what float32 weights bear. */
const LEAST = 1e-4;

export interface SmoothQuantOptions {
  config: DecoderConfig;
  weights: Weights;
  inputs: Calibrated;
  /** How much of the difficulty moves to the weights: 0 all that they leave to the activations, 1 all of the activations'. */
  alpha: number;
}

/** A group of channels, and what its matrices' columns were multiplied by. */
export interface SmoothedChannels {
  /** The matrices that read the channels. */
  names: string[];
  scales: Float64Array;
}

/**
 * Weights of the same model whose activations are smoother: the columns of the matrices that read channel j are multiplied by
 * s_j = max|X_j|^α / max|W_j|^(1−α), over the tokens seen and over all of these matrices, and what makes the channel is divided by it. The weights are
 * copies. Channels that no token was seen of, or that nothing reads, stay as they are.
 *
 * @returns the weights, and what was done, group by group
 */
export function* smoothQuant({
  config,
  weights: given,
  inputs,
  alpha,
}: SmoothQuantOptions): Generator<SmoothedChannels, Weights> {
  const weights = copyOf(given);
  for (const group of channelGroups(config)) {
    const activations = activationMaxima(group, inputs);
    const columns = weightMaxima(group, weights);
    if (activations === undefined || !(largest(activations) > 0) || !(largest(columns) > 0)) continue;
    const scales = activations.map((x, channel) => x ** alpha / columns[channel]! ** (1 - alpha));
    scaleChannels(weights, group, scales);
    yield { names: group.readers.map(({ name }) => name), scales };
  }
  return weights;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, value), 0);

/** Each at least a share of the largest. */
function bounded(maxima: Float64Array): Float64Array {
  const least = LEAST * largest(maxima);
  return maxima.map((value) => Math.max(value, least));
}

/** max|x| of each channel; undefined where one of the matrices that read them was never seen to be multiplied with. */
function activationMaxima(
  { channels, readers, channelOf }: ChannelGroup,
  inputs: Calibrated,
): Float64Array | undefined {
  const maxima = new Float64Array(channels);
  for (const { name, at = 0 } of readers) {
    const statistics = inputs.get(name)?.[at];
    if (statistics === undefined) return undefined;
    for (const [j, maximum] of statistics.maxima.entries()) {
      const channel = channelOf(j);
      maxima[channel] = Math.max(maxima[channel]!, maximum);
    }
  }
  return bounded(maxima);
}

/** max|w| of each channel's columns in all matrices that read it. */
function weightMaxima({ channels, readers, channelOf }: ChannelGroup, weights: Weights): Float64Array {
  const maxima = new Float64Array(channels);
  for (const reader of readers) {
    const { data, columns } = matrixOf(weights, reader);
    for (const [i, value] of data.entries()) {
      const channel = channelOf(i % columns);
      maxima[channel] = Math.max(maxima[channel]!, Math.abs(value));
    }
  }
  return bounded(maxima);
}
