/** @file Losses of tokens by way of their logits, and how many logits there are at once. */
import * as tf from '@tensorflow/tfjs-core';
import { logSumExp } from './log-sum-exp.ts';
import { type LogitOptions, logits } from './logits.ts';
import type { StoredMatrix } from './stored-matrix.ts';

/** Logits at once, [rows, V]: 16 MB in float32. Bounds the memory that a large vocabulary takes. */
const LOGITS_PER_CHUNK = 2 ** 22;

/** Rows of x whose logits there are at once. */
export const rowsOfLogits = (vocabularySize: number): number =>
  Math.max(1, Math.floor(LOGITS_PER_CHUNK / vocabularySize));

/** Each row's −ln softmax(logits)[target] as `tokenLosses` has it, by way of logits of some rows at a time: where no kernel makes none. */
export function lossesOfLogits(
  x: tf.Tensor,
  weight: StoredMatrix,
  targets: tf.Tensor,
  options: Required<LogitOptions>,
): tf.Tensor {
  const [n, d] = x.shape as [number, number];
  const rowsPerChunk = rowsOfLogits(weight.shape[0]!);
  const lossesOf = (start: number): tf.Tensor => {
    const count = Math.min(rowsPerChunk, n - start);
    const ids = tf.slice(targets, [start], [count]);
    const values = logits(tf.slice(x, [start, 0], [count, d]), weight, options);
    const at = tf.stack([tf.range(0, count, 1, 'int32'), tf.maximum(ids, tf.scalar(0, 'int32'))], 1);
    const isToken = tf.cast(tf.greaterEqual(ids, tf.scalar(0, 'int32')), 'float32');
    return tf.mul(tf.sub(logSumExp(values), tf.gatherND(values, at)), isToken);
  };
  const starts = Array.from({ length: Math.ceil(n / rowsPerChunk) }, (_, i) => i * rowsPerChunk);
  return tf.tidy(() => tf.concat(starts.map((start) => tf.tidy(() => lossesOf(start)))));
}
