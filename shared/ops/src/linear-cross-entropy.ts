/** @file Mean cross-entropy of a linear output layer, which computes its gradients along with the loss. */
import * as tf from '@tensorflow/tfjs-core';
import { logitAttributes, type LogitOptions, logitSlope } from './logits.ts';
import { isFrozen } from './frozen-matrix.ts';
import { defineOp, hasKernel, runBackendKernel } from './op.ts';
import { isStored, type StoredMatrix, storedOutput, type Weight } from './stored-matrix.ts';
import { type NamedTensors, runNode } from './tape.ts';
import { type LogitsChunk, mapLogitsChunks, tokenLosses } from './token-losses.ts';
import { transposeMatrix } from './transpose-matrix.ts';

const op = defineOp({
  kernelName: 'LinearCrossEntropy',
  constants: ['targets'],
  forward({ x, weight, targets }: NamedTensors<'x' | 'weight' | 'targets'>, options: Required<LogitOptions>) {
    const share = tf.div(1, countTokens(targets)); // of one token in the mean
    const chunks = mapLogitsChunks(x, weight, targets, options, (chunk) => {
      const dProducts = productGradients(chunk, share, options); // [rows, V]
      return {
        loss: tf.mul(tf.sum(chunk.losses), share),
        dX: tf.matMul(dProducts, weight), // [rows, d]
        dWeight: tf.matMul(transposeMatrix(dProducts), chunk.rows), // [V, d]
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

/** Gradients of a chunk's loss by the products that logits are made of, [rows, V]. @param share of a token in the mean */
function productGradients(
  { logits, probabilities, targetIndices, isToken }: LogitsChunk,
  share: tf.Tensor,
  options: Required<LogitOptions>,
): tf.Tensor {
  const oneHot = tf.scatterND(targetIndices, isToken, probabilities.shape as [number, number]); // [rows, V]
  const shares = tf.reshape(tf.mul(isToken, share), [-1, 1]); // [rows, 1]
  const dLogits = tf.mul(tf.sub(probabilities, oneHot), shares); // [rows, V]
  return tf.mul(dLogits, logitSlope(logits, options));
}

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
 * [n, V] are neither kept for the backward pass nor computed twice. Of a matrix that does not learn there is no gradient: kernels
 * `FrozenLinearCrossEntropy`, `FrozenTokenLosses`.
 *
 * @param x hidden states [n, d]
 * @param weight output matrix [V, d]
 * @param targets int32 [n], each in [0, V), or −1 for a position that does not count, to which whoever makes the tensor sees
 * @returns scalar
 */
export function linearCrossEntropy(
  x: tf.Tensor,
  weight: Weight,
  targets: tf.Tensor,
  options: LogitOptions = {},
): tf.Tensor {
  if (!tf.engine().isTapeOn())
    return tf.tidy(() => tf.div(tf.sum(tokenLosses(x, weight, targets, options)), countTokens(targets)));
  const attributes = logitAttributes(options);
  const matrix = isFrozen(weight) ? weight.frozen : weight;
  if (isStored(matrix)) return frozenCrossEntropy(x, matrix, targets, attributes);
  // A kernel for tensors makes both gradients, whether the matrix learns or not.
  if (isFrozen(weight) && !hasKernel('LinearCrossEntropy')) return frozenCrossEntropy(x, matrix, targets, attributes);
  return op({ x, weight: matrix, targets }, attributes)[0]!;
}

function frozenCrossEntropy(
  x: tf.Tensor,
  weight: tf.Tensor | StoredMatrix,
  targets: tf.Tensor,
  options: Required<LogitOptions>,
): tf.Tensor {
  return runNode({
    inputs: { x },
    forward(save) {
      const [loss, dX] = isStored(weight)
        ? runBackendKernel(
            'FrozenLinearCrossEntropy',
            { x, targets, words: weight.words },
            storedOutput(weight, options),
          )
        : lossAndGradient(x, weight, targets, options);
      save([dX!]);
      return [loss!];
    },
    backward: ([dLoss], [dX]) => [tf.mul(dX!, dLoss)],
  })[0]!;
}

/** The mean loss, and its gradient [n, d]. */
function lossAndGradient(
  x: tf.Tensor,
  weight: tf.Tensor,
  targets: tf.Tensor,
  options: Required<LogitOptions>,
): [tf.Tensor, tf.Tensor] {
  const share = tf.div(1, countTokens(targets));
  const chunks = mapLogitsChunks(x, weight, targets, options, (chunk) => ({
    loss: tf.mul(tf.sum(chunk.losses), share),
    dX: tf.matMul(productGradients(chunk, share, options), weight), // [rows, d]
  }));
  return [tf.addN(chunks.map(({ loss }) => loss)), tf.concat(chunks.map(({ dX }) => dX))];
}
