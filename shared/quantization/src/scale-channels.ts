/** @file Channels of a model scaled in the matrices that read them, and scaled back where they are made: the model computes what it did. */
import type { Weights } from '@arrowsmith/model';
import type { ChannelGroup, MatrixAt } from './channel-groups.ts';

/** A matrix in row-major order. */
export interface Matrix {
  data: Float32Array;
  columns: number;
}

/** Weights that may be written to. */
export const copyOf = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));

/** A matrix, or one of a stack, in its model's memory. */
export function matrixOf(weights: Weights, { name, at = 0 }: MatrixAt): Matrix {
  const { shape, data } = weights[name]!;
  const columns = shape.at(-1)!;
  const size = shape.length === 3 ? shape[1]! * columns : data.length;
  return { data: data.subarray(at * size, (at + 1) * size), columns };
}

/** Multiplies the columns of readers, and divides what makes the channels: nothing else changes. */
export function scaleChannels(
  weights: Weights,
  { makers, readers, channels, channelOf }: ChannelGroup,
  scales: Float64Array,
): void {
  for (const reader of readers) {
    const { data, columns } = matrixOf(weights, reader);
    for (let i = 0; i < data.length; i++) data[i]! *= scales[channelOf(i % columns)]!;
  }
  for (const { unitOffset, ...maker } of makers) {
    const { shape } = weights[maker.name]!;
    const data = shape.length === 1 ? weights[maker.name]!.data : matrixOf(weights, maker).data;
    const size = data.length / channels;
    const offset = unitOffset === true ? 1 : 0;
    for (let i = 0; i < data.length; i++) data[i] = (data[i]! + offset) / scales[Math.floor(i / size)]! - offset;
  }
}
