/** @file Token embedding: looks up rows of a matrix. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import { isFrozen } from './frozen-matrix.ts';
import { isStored, storedEmbedding, type Weight } from './stored-matrix.ts';
import type { NamedTensors } from './tape.ts';

const op = defineOp({
  kernelName: 'Embedding',
  constants: ['ids'],
  // GatherNd copies whole rows; the wasm backend's GatherV2 goes element by element, forty times slower.
  forward: ({ weight, ids }: NamedTensors<'weight' | 'ids'>) => [tf.gatherND(weight, tf.expandDims(ids, -1))], // [b, s, d]
  saved: ({ weight, ids }) => ({ weight, ids }), // the weight for its shape
  gradient: ([dValue], { weight, ids }) => [scatterAdd(dValue, ids, weight.shape as [number, number])],
});

/** Sums the vectors of `values` [..., d] into rows of a matrix [V, d] by id. */
function scatterAdd(values: tf.Tensor, ids: tf.Tensor, [vocabularySize, d]: [number, number]): tf.Tensor {
  return tf.scatterND(tf.reshape(ids, [-1, 1]), tf.reshape(values, [-1, d]), [vocabularySize, d]);
}

/**
 * The rows of a matrix that ids name; its gradient sums the gradients of each row's uses.
 *
 * Kernels `Embedding`, `EmbeddingGrad`.
 *
 * @param weight [V, d]
 * @param ids int32 [b, s], each in [0, V): whoever makes the tensor sees to it, as a backend that computes elsewhere cannot say so in time
 * @returns [b, s, d]
 */
export function embedding(weight: Weight, ids: tf.Tensor): tf.Tensor {
  if (isFrozen(weight)) return embedding(weight.frozen, ids);
  return isStored(weight) ? storedEmbedding(weight, ids) : op({ weight, ids }, {})[0]!;
}
