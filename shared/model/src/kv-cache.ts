/** @file The keys and values of the tokens that a decoder has already seen. */
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.ts';

/** Keys (after rotary embedding) and values of each layer; `forward` appends to it. */
export interface KvCache {
  /** Positions in the cache. */
  length: number;
  /** Per layer, [b, length, n_kv, h_d] each; undefined while the cache is empty. */
  layers: ({ k: tf.Tensor; v: tf.Tensor } | undefined)[];
  /** Frees the tensors and empties the cache. */
  dispose(): void;
}

/** An empty cache for one batch of sequences. */
export function createKvCache(config: DecoderConfig): KvCache {
  return {
    length: 0,
    layers: Array.from({ length: config.layers }, () => undefined),
    dispose() {
      tf.dispose(this.layers);
      this.layers.fill(undefined);
      this.length = 0;
    },
  };
}

/**
 * Appends the keys and values of new positions to a layer's, and returns all of them. The cache owns what it returns: it outlives
 * any `tf.tidy` around, until the next call or `dispose`.
 *
 * @param k [b, s, n_kv, h_d]
 * @param v [b, s, n_kv, h_d]
 */
export function appendToLayer(
  cache: KvCache,
  layer: number,
  k: tf.Tensor,
  v: tf.Tensor,
): { k: tf.Tensor; v: tf.Tensor } {
  const before = cache.layers[layer];
  const after = {
    k: tf.keep(before === undefined ? tf.clone(k) : tf.concat([before.k, k], 1)),
    v: tf.keep(before === undefined ? tf.clone(v) : tf.concat([before.v, v], 1)),
  };
  tf.dispose([before]);
  cache.layers[layer] = after;
  return after;
}
