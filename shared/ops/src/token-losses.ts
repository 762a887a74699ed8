/** @file The negative log likelihood of each token under a linear output layer. */
import * as tf from '@tensorflow/tfjs-core';
import { logitAttributes, type LogitOptions, toLogits } from './logits.ts';
import { lossesOfLogits, rowsOfLogits } from './losses-of-logits.ts';
import { isFrozen } from './frozen-matrix.ts';
import { defineKernel, runBackendKernel } from './op.ts';
import { isStored, storedOutput, type Weight } from './stored-matrix.ts';
import type { NamedTensors } from './tape.ts';
import { transposeMatrix } from './transpose-matrix.ts';

/** Some rows of x, and what the output layer says of them. */
export interface LogitsChunk {
  /** The rows [rows, d]. */
  rows: tf.Tensor;
  /** [rows, V]. */
  logits: tf.Tensor;
  /** softmax(logits) [rows, V]. */
  probabilities: tf.Tensor;
  /** Where each target stands in [rows, V]: int32 [rows, 2]; column 0 for a target of −1. */
  targetIndices: tf.Tensor;
  /** 1 where the row has a target, 0 where it is −1 [rows]. */
  isToken: tf.Tensor;
  /** −ln softmax(logits)[target] [rows]; 0 for a target of −1. */
  losses: tf.Tensor;
}

/** Applies the output layer to the rows of x [n, d] in chunks, and `use` to each; its results outlive the chunk. */
export function mapLogitsChunks<T extends tf.TensorContainer>(
  x: tf.Tensor,
  weight: tf.Tensor,
  targets: tf.Tensor,
  options: Required<LogitOptions>,
  use: (chunk: LogitsChunk) => T,
): T[] {
  const [n, d] = x.shape as [number, number];
  const vocabularySize = weight.shape[0]!;
  const rowsPerChunk = rowsOfLogits(vocabularySize);
  const transposed = transposeMatrix(weight); // [d, V]
  return Array.from({ length: Math.ceil(n / rowsPerChunk) }, (_, i) =>
    tf.tidy(() => {
      const start = i * rowsPerChunk;
      const count = Math.min(rowsPerChunk, n - start);
      const rows = tf.slice(x, [start, 0], [count, d]);
      const ids = tf.slice(targets, [start], [count]);
      const targetIndices = tf.stack([tf.range(0, count, 1, 'int32'), tf.maximum(ids, tf.scalar(0, 'int32'))], 1);
      const isToken = tf.cast(tf.greaterEqual(ids, tf.scalar(0, 'int32')), 'float32');
      const logits = toLogits(tf.matMul(rows, transposed), options); // [rows, V]
      const probabilities = tf.softmax(logits);
      // ln Σ exp(logits) = max(logits) − ln(max(probabilities)), which spares tf.logSumExp's slow exponential of every logit.
      const logSumExp = tf.sub(tf.max(logits, 1), tf.log(tf.max(probabilities, 1))); // [rows]
      const losses = tf.mul(tf.sub(logSumExp, tf.gatherND(logits, targetIndices)), isToken); // [rows]
      return use({ rows, logits, probabilities, targetIndices, isToken, losses });
    }),
  );
}

const kernel = defineKernel({
  kernelName: 'TokenLosses',
  reference: ({ x, weight, targets }: NamedTensors<'x' | 'weight' | 'targets'>, options: Required<LogitOptions>) => [
    tf.concat(mapLogitsChunks(x, weight, targets, options, ({ losses }) => losses)),
  ],
});

/**
 * Each row's −ln softmax(logits)[target], in nats, of the logits x Wᵀ with the options applied. Not differentiable: see `linearCrossEntropy`.
 *
 * Kernels `TokenLosses`, `FrozenTokenLosses`; with activations of int8 the logits exist, some rows at a time.
 *
 * @param x hidden states [n, d]
 * @param weight output matrix [V, d]
 * @param targets int32 [n], each in [0, V), or −1 for a position that does not count, to which whoever makes the tensor sees
 * @returns [n]; 0 where the target is −1
 */
export function tokenLosses(x: tf.Tensor, weight: Weight, targets: tf.Tensor, options: LogitOptions = {}): tf.Tensor {
  if (isFrozen(weight)) return tokenLosses(x, weight.frozen, targets, options);
  const attributes = logitAttributes(options);
  if (!isStored(weight)) return kernel({ x, weight, targets }, attributes)[0]!;
  if (weight.activations === 'int8') return lossesOfLogits(x, weight, targets, attributes);
  return runBackendKernel(
    'FrozenTokenLosses',
    { x, targets, words: weight.words },
    storedOutput(weight, attributes),
  )[0]!;
}
