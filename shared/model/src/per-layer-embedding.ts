/**
 * @file Per-layer embeddings (Gemma 3n): each layer adds, for each token, a vector of its own from a table that need not be in memory, since
 * only the rows of the tokens at hand are read.
 */
import { embedding, isFrozen, isStored, linear, reshape, scale, scaleColumns, sumLayerSlices } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Activation, DecoderConfig } from './config.ts';
import { gated } from './feed-forward.ts';
import type { BlockModule, PerLayerModule } from './modules.ts';
import { normalize } from './normalization.ts';

/** Rows of the table by token id, from wherever it lies. @returns [ids.length, layers · p] */
export type PerLayerRows = (ids: Int32Array) => Float32Array;

/**
 * The rows of a batch's tokens as a tensor, for `ForwardOptions.perLayerRows`; undefined where the table is among the parameters, or there is none.
 *
 * @param ids [b · s]; one beyond the table has the row of token 0
 */
export function perLayerRowsOf(
  { layers, perLayerEmbedding }: DecoderConfig,
  ids: Int32Array,
  [b, s]: readonly [b: number, s: number],
  rows: PerLayerRows | undefined,
): tf.Tensor | undefined {
  if (rows === undefined || perLayerEmbedding === null) return undefined;
  const { size, vocabularySize } = perLayerEmbedding;
  const inTable = ids.map((id) => (id < vocabularySize ? id : 0));
  return tf.tensor(rows(inTable), [b, s, layers.length * size]);
}

/**
 * What the layers' gates multiply: the table's rows and a projection of the token embeddings, evenly mixed.
 *
 * @param x token embeddings [b, s, d]
 * @param ids int32 [b, s]; one beyond the table has the row of token 0
 * @param rows the table's rows of the ids, [b, s, layers · p], when the table itself is not among the parameters
 * @returns a tensor [b, s, p] for each layer
 */
export function perLayerInputs(
  { config: { size, vocabularySize, layers }, table, projection, norm }: PerLayerModule,
  x: tf.Tensor,
  ids: tf.Tensor,
  rows: tf.Tensor | undefined,
): tf.Tensor[] {
  const [b, s, d] = x.shape as [number, number, number];
  const own = rows ?? (table && embedding(table, idsWithin(vocabularySize, ids))); // [b, s, layers · p]
  if (own === undefined) throw new Error('neither the table of per-layer embeddings nor rows of it are there');
  const projected = scale(linear(x, projection), 1 / Math.sqrt(d));
  const normed = normalize(reshape(projected, [b, s, layers, size]), norm);
  return sumLayerSlices(reshape(normed, own.shape), own, {
    layers,
    factorA: Math.SQRT1_2,
    factorB: Math.SQRT1_2 * Math.sqrt(size),
  });
}

/** The ids, of which those beyond the table are 0. */
function idsWithin(size: number, ids: tf.Tensor): tf.Tensor {
  return tf.mul(ids, tf.cast(tf.less(ids, tf.scalar(size, 'int32')), 'int32'));
}

/**
 * What a layer adds of its per-layer embedding.
 *
 * @param x [b, s, d]
 * @param input [b, s, p]
 * @param outputScale of the features of x, [d]
 * @returns [b, s, d]
 */
export function perLayerOutput(
  { gate, projection, norm }: NonNullable<BlockModule['perLayer']>,
  activation: Activation,
  x: tf.Tensor,
  input: tf.Tensor,
  outputScale: tf.Tensor | undefined,
): tf.Tensor {
  const gates = outputScale === undefined ? linear(x, gate) : scaledLinear(x, outputScale, gate); // [b, s, p]
  return normalize(linear(gated(activation, gates, input), projection), norm);
}

/** linear(x · scale). Scaling the matrix instead is the same, and its p features are fewer than b s tokens. */
function scaledLinear(x: tf.Tensor, columns: tf.Tensor, weight: PerLayerModule['projection']): tf.Tensor {
  if (!isStored(weight) && !isFrozen(weight)) return linear(x, scaleColumns(weight, columns));
  const rows = reshape(x, [-1, columns.size]);
  return linear(reshape(scaleColumns(rows, columns), x.shape), weight);
}
