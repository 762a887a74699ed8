/**
 * @file Dual chunk attention (An et al. 2024, https://arxiv.org/abs/2402.17463): attention over sequences longer than a model was trained with, without
 * training, by positions within chunks. For inference only: it has no gradient, and holds all scores.
 *
 * With chunks of c positions and a trained length of l, key j stands at j mod c. A query at i stands, for keys of its own chunk, at i mod c; for those
 * of the chunk before, at min(i mod c + c, l − 1), so that neighbours across the border are near; for all earlier ones at l − 1. No distance is
 * beyond what the model has seen.
 */
import { positionsFrom, rope, ropeTables } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, DualChunkConfig } from './config.ts';
import { scaledFrequencies } from './positions.ts';

/** An attention with dual chunks. */
export type DualChunkAttentionConfig = AttentionConfig & { dualChunk: DualChunkConfig };

/** Turns heads [b, s, n, h_d] to given positions; layers without positions turn nothing. */
function rotateTo({ rope: config, headDim }: AttentionConfig, x: tf.Tensor, positions: readonly number[]): tf.Tensor {
  if (config === null) return x;
  const { frequencies, amplitude } = scaledFrequencies(config, headDim);
  const { cos, sin } = ropeTables({ positions, frequencies, amplitude });
  return rope(x, cos, sin, { interleaved: config.interleaved });
}

/** Turns keys to their positions within their chunks. @param positions of the keys in their sequence */
export function rotateByChunk(
  config: DualChunkAttentionConfig,
  keys: tf.Tensor,
  positions: readonly number[],
): tf.Tensor {
  const { chunk } = config.dualChunk;
  return rotateTo(
    config,
    keys,
    positions.map((position) => position % chunk),
  );
}

/**
 * @param q queries before the rotation, at the last of the keys' positions, [b, s, n_h, h_d]
 * @param k all keys, rotated by {@link rotateByChunk}, [b, s_kv, n_kv, h_d]
 * @param v values [b, s_kv, n_kv, h_d]
 * @param documentOffsets the first key that each query may see, int32 [b, s]; all of those before it by default
 * @returns [b, s, n_h, h_d]
 */
export function dualChunkAttention(
  config: DualChunkAttentionConfig,
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  documentOffsets?: tf.Tensor,
): tf.Tensor {
  const { chunk, trainedLength } = config.dualChunk;
  const [s, heads] = q.shape.slice(1, 3) as [number, number];
  const sKv = k.shape[1]!;
  const positions = positionsFrom(sKv - s, s);
  const placements = [
    { own: (i: number) => i % chunk, chunksBack: (back: number) => back === 0 },
    { own: (i: number) => Math.min((i % chunk) + chunk, trainedLength - 1), chunksBack: (back: number) => back === 1 },
    { own: () => trainedLength - 1, chunksBack: (back: number) => back > 1 },
  ];
  return tf.tidy(() => {
    const keys = tf.transpose(repeatHeads(k, heads), [0, 2, 3, 1]); // [b, n_h, h_d, s_kv]
    const values = tf.transpose(repeatHeads(v, heads), [0, 2, 1, 3]); // [b, n_h, s_kv, h_d]
    const parts = placements.map(({ own, chunksBack }) => {
      const rotated = tf.transpose(rotateTo(config, q, positions.map(own)), [0, 2, 1, 3]); // [b, n_h, s, h_d]
      const scores = tf.mul(tf.matMul(rotated, keys), config.scale); // [b, n_h, s, s_kv]
      const capped = config.softCap === 0 ? scores : tf.mul(tf.tanh(tf.div(scores, config.softCap)), config.softCap);
      const seen = positions.map((i) =>
        Array.from({ length: sKv }, (_, j) => {
          const isNear = config.window === 0 || j > i - config.window;
          return j <= i && isNear && chunksBack(Math.floor(i / chunk) - Math.floor(j / chunk)) ? 1 : 0;
        }),
      );
      return { scores: capped, seen: tf.tensor2d(seen, [s, sKv]) };
    });
    const all = tf.addN(parts.map(({ scores, seen }) => tf.mul(scores, seen)));
    const isBefore = tf.addN(parts.map(({ seen }) => seen)); // [s, s_kv]
    const isSeen = documentOffsets === undefined ? isBefore : tf.mul(isBefore, isOfDocument(documentOffsets, sKv));
    const probabilities = tf.softmax(tf.add(all, tf.mul(tf.sub(isSeen, 1), 1e9)));
    return tf.transpose(tf.matMul(probabilities, values), [0, 2, 1, 3]);
  });
}

/** Whether a key stands where the query's document has begun, [b, 1, s, s_kv]. @param documentOffsets int32 [b, s] */
function isOfDocument(documentOffsets: tf.Tensor, keys: number): tf.Tensor {
  const begin = tf.expandDims(tf.expandDims(documentOffsets, 1), 3); // [b, 1, s, 1]
  return tf.cast(tf.greaterEqual(tf.range(0, keys, 1, 'int32'), begin), 'float32');
}

/** [b, s, n_kv, h_d] -> [b, s, n_h, h_d]: each key head once for every query head that uses it. */
function repeatHeads(x: tf.Tensor, heads: number): tf.Tensor {
  const [b, s, n, hd] = x.shape as [number, number, number, number];
  const groups = tf.tile(tf.reshape(x, [b * s, n, 1, hd]), [1, 1, heads / n, 1]); // of five axes, tfjs's kernel for webgpu would read x
  return tf.reshape(groups, [b, s, heads, hd]);
}
