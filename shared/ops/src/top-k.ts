/** @file The k largest numbers of each row: a router's choice of experts (Shazeer et al. 2017, https://arxiv.org/abs/1701.06538). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

type TopKAttributes = {
  k: number;
};

// Not `TopK`, which is tfjs's kernel.
const op = defineOp({
  kernelName: 'RouterTopK',
  values: () => 2,
  forward({ x }: NamedTensors<'x'>, { k }: TopKAttributes) {
    const { values, indices } = tf.topk(x, k, true);
    return [values, indices];
  },
  saved: ({ x }, [, indices]) => ({ indices: indices!, x }), // x for its shape
  gradient([dValues], { indices, x }) {
    const places = tf.range(0, x.shape[1]!, 1, 'int32');
    const isChosen = tf.cast(tf.equal(tf.expandDims(indices, -1), places), 'float32'); // [n, k, E]
    return [tf.sum(tf.mul(isChosen, tf.expandDims(dValues, -1)), 1)]; // [n, E]
  },
});

/**
 * The k largest numbers of each row, largest first, and where they are; of equal ones the first come first. The numbers have a
 * gradient, their places have none.
 *
 * Kernels `RouterTopK`, `RouterTopKGrad`.
 *
 * @param x [n, E]
 * @param k at least 1, at most E
 * @returns values [n, k], and indices int32 [n, k]
 */
export function topK(x: tf.Tensor, k: number): { values: tf.Tensor; indices: tf.Tensor } {
  const [values, indices] = op({ x }, { k }) as [tf.Tensor, tf.Tensor];
  return { values, indices };
}
