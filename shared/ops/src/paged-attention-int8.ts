/**
 * @file Attention over keys and values of int8 that lie in blocks of a table. There is no reference for it: tfjs has no such numbers, and elsewhere than
 * with kernels that read them as they are nothing would be won.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runBackendKernel } from './op.ts';
import { pagedAttributes, type Integers, type PagedAttentionOptions, type PagedLayout } from './paged-attention.ts';

/** Rows of n_kv heads: value = scale · int8. */
export type Int8Table = {
  /** int32 [slots, words], four values in each word: a row's heads, one after the other. */
  words: tf.Tensor;
  /** [slots, n_kv, g], of which the first of each g is a head's. */
  scales: tf.Tensor;
};

/** Whether the active backend has what is in this file. */
export const hasInt8Rows = (): boolean => hasKernel('PagedAttentionInt8') && hasKernel('WriteRowsInt8');

/**
 * `pagedAttention` with keys and values in one table of int8; queries are float32, and sums, too.
 *
 * Kernel `PagedAttentionInt8`.
 *
 * @param q queries of all sequences, [n, n_h, h_d]
 * @returns [n, n_h, h_d]
 */
export function pagedAttentionInt8(
  q: tf.Tensor,
  { words, scales }: Int8Table,
  layout: PagedLayout,
  options: PagedAttentionOptions,
): tf.Tensor {
  return runBackendKernel('PagedAttentionInt8', { q, words, scales }, pagedAttributes(layout, options))[0]!;
}

/**
 * Quantizes rows into slots of a table, in place: for each head the scale max|x| / 127, and the nearest integers, halves away from zero.
 *
 * Kernel `WriteRowsInt8`.
 *
 * @param rows [n, n_kv, h_d]
 * @param at slots, n different ones
 */
export function writeRowsInt8({ words, scales }: Int8Table, rows: tf.Tensor, at: Integers): void {
  runBackendKernel('WriteRowsInt8', { words, scales, rows }, { at });
}
