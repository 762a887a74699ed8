/** @file The keys and values of the tokens that a decoder has already seen, as many as each layer may still look at. */
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, DecoderConfig } from './config.ts';

/** Keys (after norms and positions) and values. */
export type KeysAndValues = {
  /** [b, positions, n_kv, h_d] */
  k: tf.Tensor;
  /** [b, positions, n_kv, h_d] */
  v: tf.Tensor;
};

/** What `forward` continues from, and appends to. */
export interface KvCache {
  /** Positions seen. A layer with a window or chunks holds fewer: those that a later position sees. */
  length: number;
  /** Per layer; undefined where it holds none. */
  layers: (KeysAndValues | undefined)[];
  /** Frees the tensors and empties the cache. */
  dispose(): void;
}

/** An empty cache for one batch of sequences. */
export function createKvCache(config: DecoderConfig): KvCache {
  return {
    length: 0,
    layers: config.layers.map(() => undefined),
    dispose() {
      tf.dispose(this.layers);
      this.layers.fill(undefined);
      this.length = 0;
    },
  };
}

/**
 * Appends the keys and values of new positions to a layer's, and returns all that the new positions see. The cache owns what it
 * holds: that outlives any `tf.tidy` around, until the next call or `dispose`.
 *
 * @param k [b, s, n_kv, h_d]
 * @param v [b, s, n_kv, h_d]
 */
export function appendToLayer(
  cache: KvCache,
  layer: number,
  { window, chunk }: Pick<AttentionConfig, 'window' | 'chunk'>,
  k: tf.Tensor,
  v: tf.Tensor,
): KeysAndValues {
  const before = cache.layers[layer];
  const all = before === undefined ? { k, v } : { k: tf.concat([before.k, k], 1), v: tf.concat([before.v, v], 1) };
  const positions = all.k.shape[1]!;
  const next = cache.length + k.shape[1]!;
  const seen = Math.min(positions, window === 0 ? Infinity : window - 1, chunk === 0 ? Infinity : next % chunk);
  tf.dispose([before]);
  cache.layers[layer] = seen === 0 ? undefined : { k: last(all.k, seen), v: last(all.v, seen) };
  return all;
}

/** The last positions of [b, s, n, h_d], as a tensor that outlives tidies. */
function last(x: tf.Tensor, positions: number): tf.Tensor {
  const s = x.shape[1]!;
  return tf.keep(positions === s ? tf.clone(x) : tf.slice(x, [0, s - positions], [-1, -1]));
}
