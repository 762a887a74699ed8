/**
 * @file Per-layer embeddings (Gemma 3n): each layer adds, for each token, a vector of its own from a table that need not be in memory, since
 * only the rows of the tokens at hand are read.
 */
import { embedding, linear, reshape, scale, sumLayerSlices } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig, NormConfig } from './config.ts';
import { normalize } from './normalization.ts';
import type { ParameterTensors } from './tensors.ts';

/** The name of the table [V_ple, layers · p], the one parameter outside of the core weights. */
export const PER_LAYER_TABLE = 'model.embed_tokens_per_layer.weight';

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
  { layers, perLayerEmbedding, norm, hiddenSize }: DecoderConfig,
  parameters: ParameterTensors,
  x: tf.Tensor,
  ids: tf.Tensor,
  rows: tf.Tensor | undefined,
): tf.Tensor[] {
  const { size, vocabularySize } = perLayerEmbedding!;
  const [b, s] = ids.shape as [number, number];
  const inTable = tf.cast(tf.less(ids, tf.scalar(vocabularySize, 'int32')), 'int32');
  const own = rows ?? embedding(parameters[PER_LAYER_TABLE]!, tf.mul(ids, inTable)); // [b, s, layers · p]
  const projected = scale(linear(x, parameters['model.per_layer_model_projection.weight']!), 1 / Math.sqrt(hiddenSize));
  const byLayer = reshape(projected, [b, s, layers.length, size]);
  const normed = normalize(byLayer, parameters['model.per_layer_projection_norm.weight']!, norm);
  return sumLayerSlices(reshape(normed, own.shape), own, {
    layers: layers.length,
    factorA: Math.SQRT1_2,
    factorB: Math.SQRT1_2 * Math.sqrt(size),
  });
}

/**
 * What a layer adds of its per-layer embedding.
 *
 * @param x [b, s, d]
 * @param input [b, s, p]
 * @param weights the layer's parameters `per_layer_input_gate.weight` …
 * @param activate the gate's activation times its second argument
 * @returns [b, s, d]
 */
export function perLayerOutput(
  norm: NormConfig,
  x: tf.Tensor,
  input: tf.Tensor,
  weights: ParameterTensors,
  activate: (gate: tf.Tensor, input: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const gate = linear(x, weights['per_layer_input_gate.weight']!); // [b, s, p]
  const projected = linear(activate(gate, input), weights['per_layer_projection.weight']!); // [b, s, d]
  return normalize(projected, weights['post_per_layer_input_norm.weight']!, norm);
}
