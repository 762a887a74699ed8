/** @file Mean cross-entropy of a linear output layer, which computes its gradients along with the loss. */
import * as tf from '@tensorflow/tfjs-core';
import { logitAttributes, type LogitOptions, logitSlope } from './logits.ts';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';
import { mapLogitsChunks, tokenLosses } from './token-losses.ts';
import { transposeMatrix } from './transpose-matrix.ts';

const op = defineOp({
  kernelName: 'LinearCrossEntropy',
  constants: ['targets'],
  forward({ x, weight, targets }: NamedTensors<'x' | 'weight' | 'targets'>, options: Required<LogitOptions>) {
    const share = tf.div(1, countTokens(targets)); // of one token in the mean
    const chunks = mapLogitsChunks(x, weight, targets, options, (chunk) => {
      const { rows, logits, probabilities, targetIndices, isToken, losses } = chunk;
      const oneHot = tf.scatterND(targetIndices, isToken, probabilities.shape as [number, number]); // [rows, V]
      const shares = tf.reshape(tf.mul(isToken, share), [-1, 1]); // [rows, 1]
      const dLogits = tf.mul(tf.sub(probabilities, oneHot), shares); // [rows, V]
      const dProducts = tf.mul(dLogits, logitSlope(logits, options)); // [rows, V]
      return {
        loss: tf.mul(tf.sum(losses), share),
        dX: tf.matMul(dProducts, weight), // [rows, d]
        dWeight: tf.matMul(transposeMatrix(dProducts), rows), // [V, d]
      };
    });
    return [
      tf.addN(chunks.map(({ loss }) => loss)),
      tf.concat(chunks.map(({ dX }) => dX)), // [n, d]
      tf.addN(chunks.map(({ dWeight }) => dWeight)),
    ];
  },
  saved: () => ({}),
  gradient: ([dLoss], _saved, [dX, dWeight]) => [tf.mul(dX!, dLoss), tf.mul(dWeight!, dLoss)],
});

/** The number of targets that count, at least 1: float32 scalar. */
function countTokens(targets: tf.Tensor): tf.Tensor {
  return tf.maximum(tf.sum(tf.cast(tf.greaterEqual(targets, tf.scalar(0, 'int32')), 'float32')), 1);
}

/**
 * The mean of −ln softmax(logits)[target] over the rows that have a target, in nats, of the logits x Wᵀ with the options applied; 0
 * when none has.
 *
 * Kernels `LinearCrossEntropy`, `LinearCrossEntropyGrad`; without a gradient tape, `TokenLosses`. The forward kernel already
 * computes the gradients, (softmax − one-hot) / count times the logits' slope, times W or x, chunk by chunk, and returns them as residuals: the logits
 * [n, V] are neither kept for the backward pass nor computed twice.
 *
 * @param x hidden states [n, d]
 * @param weight output matrix [V, d]
 * @param targets int32 [n], each in [0, V), or −1 for a position that does not count, to which whoever makes the tensor sees
 * @returns scalar
 */
export function linearCrossEntropy(
  x: tf.Tensor,
  weight: tf.Tensor,
  targets: tf.Tensor,
  options: LogitOptions = {},
): tf.Tensor {
  if (tf.engine().isTapeOn()) return op({ x, weight, targets }, logitAttributes(options))[0]!;
  return tf.tidy(() => tf.div(tf.sum(tokenLosses(x, weight, targets, options)), countTokens(targets)));
}
