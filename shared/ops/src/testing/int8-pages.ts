/** @file Seven keys, and values 10 slots behind them, in blocks of 2 of a table of int8. */
import type * as tf from '@tensorflow/tfjs-core';
import { type Int8Table, writeRowsInt8 } from '../paged-attention-int8.ts';

export const [HEADS, KV_HEADS] = [4, 2];

/** Slots of the table. */
export const TABLE = 20;

/** Of the keys; those of the values are `valueOffset` behind. */
export const SLOTS = [4, 5, 0, 1, 8, 9, 2];

/** Three queries. */
export const layout = {
  queryOffsets: [0, 3],
  lengths: [7],
  blocks: [4, 0, 8, 2],
  blockSize: 2,
  keyOffset: 0,
  valueOffset: 10,
};

/** Writes keys and values [7, n_kv, h_d]. */
export function writePages(table: Int8Table, keys: tf.Tensor, values: tf.Tensor): void {
  writeRowsInt8(table, keys, SLOTS);
  writeRowsInt8(
    table,
    values,
    SLOTS.map((slot) => slot + layout.valueOffset),
  );
}
