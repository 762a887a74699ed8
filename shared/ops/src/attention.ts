/** @file Causal self-attention with grouped queries (Ainslie et al. 2023, https://arxiv.org/abs/2305.13245). */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import { transposeMatrix } from './transpose-matrix.ts';
import { unstack } from './unstack.ts';

export type AttentionOptions = {
  /** Factor of the products of queries and keys, before the softmax; usually 1 / sqrt(h_d). */
  scale: number;
};

// The reference takes one key head of one sequence at a time, with the g query heads that share it as g·s rows: a product of
// two matrices runs on XNNPACK in the wasm backend, a batched or transposed one on a loop that is ten times slower.
const op = defineOp<AttentionOptions>({
  kernelName: 'Attention',
  inputs: { differentiable: ['q', 'k', 'v'] },
  forward([q, k, v], { scale }) {
    const [sKv, nKv] = k!.shape.slice(1, 3) as [number, number];
    const queries = unstack(rows(tf.mul(q!, scale), nKv)); // b·n_kv times [g s, h_d]
    const keys = unstack(columns(k!)); // [h_d, s_kv]
    const values = unstack(rows(v!, nKv)); // [s_kv, h_d]
    const mask = causalMask(q!.shape[2]! / nKv, q!.shape[1]!, sKv);
    const probabilities = queries.map((query, i) =>
      tf.tidy(() => tf.softmax(tf.add(tf.matMul(query, keys[i]!), mask))),
    ); // [g s, s_kv]
    const attended = probabilities.map((probability, i) => tf.matMul(probability, values[i]!)); // [g s, h_d]
    return [fromRows(tf.stack(attended), q!.shape), ...probabilities];
  },
  gradient(dValue, [q, k, v], probabilities, { scale }) {
    const nKv = k!.shape[2]!;
    const queries = unstack(rows(tf.mul(q!, scale), nKv)); // b·n_kv times [g s, h_d]
    const keys = unstack(rows(tf.mul(k!, scale), nKv)); // [s_kv, h_d]
    const values = unstack(columns(v!)); // [h_d, s_kv]
    const dAttended = unstack(rows(dValue, nKv)); // [g s, h_d]
    const gradients = probabilities.map((probability, i) =>
      tf.tidy(() => {
        const weighted = tf.mul(tf.matMul(dAttended[i]!, values[i]!), probability); // [g s, s_kv]
        const dScores = tf.sub(weighted, tf.mul(probability, tf.sum(weighted, 1, true))); // [g s, s_kv]
        return {
          dQ: tf.matMul(dScores, keys[i]!), // [g s, h_d]
          dK: tf.matMul(transposeMatrix(dScores), queries[i]!), // [s_kv, h_d]
          dV: tf.matMul(transposeMatrix(probability), dAttended[i]!), // [s_kv, h_d]
        };
      }),
    );
    return [
      fromRows(tf.stack(gradients.map(({ dQ }) => dQ)), q!.shape),
      fromRows(tf.stack(gradients.map(({ dK }) => dK)), k!.shape),
      fromRows(tf.stack(gradients.map(({ dV }) => dV)), v!.shape),
    ];
  },
});

/** [b, s, n_kv g, h_d] -> [b n_kv, g s, h_d]: the heads that share a key head, one below the other. */
function rows(x: tf.Tensor, nKv: number): tf.Tensor {
  const [b, , , hd] = x.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [b * nKv, -1, hd]);
}

/** [b, s, n_kv, h_d] -> [b n_kv, h_d, s]: the transpose of each of the matrices that `rows` makes. */
function columns(x: tf.Tensor): tf.Tensor {
  const [b, s, n, hd] = x.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(x, [0, 2, 3, 1]), [b * n, hd, s]);
}

/** The inverse of `rows`: [b n_kv, g s, h_d] -> [b, s, n_kv g, h_d]. */
function fromRows(x: tf.Tensor, [b, s, n, hd]: number[]): tf.Tensor {
  return tf.transpose(tf.reshape(x, [b!, n!, s!, hd!]), [0, 2, 1, 3]);
}

/** [g s, s_kv]: 0 where query i of a head may see key j, and where it may not, a number whose exponential is 0. */
function causalMask(groups: number, s: number, sKv: number): tf.Tensor {
  const mask = new Float32Array(groups * s * sKv);
  for (let row = 0; row < groups * s; row++) {
    const visible = (row % s) + 1 + sKv - s;
    mask.fill(-1e9, row * sKv + visible, (row + 1) * sKv);
  }
  return tf.tensor(mask, [groups * s, sKv]);
}

/**
 * Causal scaled dot-product attention: the queries are the last s of s_kv positions, and query i sees the keys
 * j <= i + (s_kv - s). Query head n uses key and value head floor(n · n_kv / n_h).
 *
 * Kernels `Attention`, `AttentionGrad`.
 *
 * @param q [b, s, n_h, h_d]
 * @param k [b, s_kv, n_kv, h_d], n_h a multiple of n_kv, s_kv >= s
 * @param v [b, s_kv, n_kv, h_d]
 * @returns [b, s, n_h, h_d]
 */
export function attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, options: AttentionOptions): tf.Tensor {
  return op([q, k, v], options);
}
