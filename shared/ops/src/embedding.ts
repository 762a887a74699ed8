/** @file Token embedding: looks up rows of a matrix. */
import * as tf from '@tensorflow/tfjs-core';
import { checkIds } from './check-ids.ts';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

const op = defineOp({
  kernelName: 'Embedding',
  constants: ['ids'],
  // GatherNd copies whole rows; the wasm backend's GatherV2 goes element by element, forty times slower.
  forward: ({ weight, ids }: NamedTensors<'weight' | 'ids'>) => [tf.gatherND(weight, tf.expandDims(ids, -1))], // [b, s, d]
  saved: ({ weight, ids }) => ({ weight, ids }), // the weight for its shape
  gradient: ([dValue], { weight, ids }) => [scatterAdd(dValue, ids, weight.shape as [number, number])],
});

/**
 * Sums the vectors of `values` [..., d] into rows of a matrix [V, d] by id. A loop in JavaScript, as tfjs has no accumulating
 * scatter on every backend, and a product with a one-hot matrix costs V times as much.
 */
function scatterAdd(values: tf.Tensor, ids: tf.Tensor, [vocabularySize, d]: [number, number]): tf.Tensor {
  const source = values.dataSync<'float32'>();
  const sums = new Float32Array(vocabularySize * d);
  ids.dataSync<'int32'>().forEach((id, i) => {
    for (let j = 0; j < d; j++) sums[id * d + j]! += source[i * d + j]!;
  });
  return tf.tensor(sums, [vocabularySize, d]);
}

/**
 * The rows of a matrix that ids name; its gradient sums the gradients of each row's uses.
 *
 * Kernels `Embedding`, `EmbeddingGrad`.
 *
 * @param weight [V, d]
 * @param ids int32 [b, s], each in [0, V)
 * @returns [b, s, d]
 * @throws UserError when an id is outside [0, V)
 */
export function embedding(weight: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  checkIds(ids, { lowest: 0, vocabularySize: weight.shape[0]! });
  return op({ weight, ids }, {})[0]!;
}
