/** @file Runs a decoder with a cache, for tests: rows of ids as they are, of which a cache's pass makes one. */
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../config.ts';
import { forward, type ForwardOptions } from '../decoder.ts';
import type { KvCache } from '../kv-cache.ts';
import type { Parameters } from '../modules.ts';

/** Continues each sequence of the cache by a row of ids, maybe an empty one. @returns hidden states of each row, [s, d] */
export function continueRows(
  config: DecoderConfig,
  parameters: Parameters,
  cache: KvCache,
  rows: readonly (readonly number[])[],
  options: Omit<ForwardOptions, 'cache'> = {},
): tf.Tensor[] {
  const ids = rows.flat();
  const pass = cache.next(rows.map(({ length }) => length));
  const hidden = forward(config, parameters, tf.tensor2d(ids, [1, ids.length], 'int32'), { ...options, cache: pass });
  const flat = tf.reshape(hidden, [ids.length, config.hiddenSize]);
  return tf.split(
    flat,
    rows.map(({ length }) => length),
  );
}

/** The next piece of each row, as long as a piece is. @returns [b, s, d] */
export function continueAll(
  config: DecoderConfig,
  parameters: Parameters,
  cache: KvCache,
  rows: readonly (readonly number[])[],
  length: number,
  options: Omit<ForwardOptions, 'cache'> = {},
): tf.Tensor {
  const pieces = rows.map((row, i) => row.slice(cache.lengths[i]!, cache.lengths[i]! + length));
  return tf.stack(continueRows(config, parameters, cache, pieces, options));
}
