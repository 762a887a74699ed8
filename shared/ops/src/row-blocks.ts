/**
 * @file Rows that are sorted by group, cut into blocks of one group each: how many rows a group has is known to the backend alone, and is no
 * shape of any tensor then. As in the block-sparse products of MegaBlocks (Gale et al. 2022, https://arxiv.org/abs/2211.15841).
 */
import * as tf from '@tensorflow/tfjs-core';
import { unstack } from './unstack.ts';

/** Blocks of equally many rows each; groups are padded with rows of zeros, and the last blocks may be padding alone. */
export interface RowBlocks {
  /** The group of each block, int32 [P]. */
  groups: tf.Tensor;
  /** Cuts rows [n, d] into P blocks [B, d]. */
  split(rows: tf.Tensor): tf.Tensor[];
  /** Joins what became of the blocks, [B, d] each, to rows [n, d]. */
  join(blocks: tf.Tensor[]): tf.Tensor;
}

/**
 * @param offsets int32 [E + 1]: group g has the rows from offsets[g] to before offsets[g + 1]
 * @param n rows, at least 1
 */
export function rowBlocks(offsets: tf.Tensor, n: number): RowBlocks {
  const count = offsets.shape[0]! - 1; // E
  // A group has two blocks or more on average: room for nearly one of padding in each group is at most half as much work again.
  const size = 2 ** Math.max(0, Math.floor(Math.log2(n / (2 * count)))); // B
  const most = Math.floor((n + Math.min(n, count) * (size - 1)) / size); // P, for any sizes of groups
  const [begins, ends] = [tf.slice(offsets, [0], [count]), tf.slice(offsets, [1], [count])];
  const blocks = tf.floorDiv(tf.add(tf.sub(ends, begins), tf.scalar(size - 1, 'int32')), tf.scalar(size, 'int32')); // of each group, [E]
  const first = tf.cumsum(blocks, 0, true); // [E]

  const groups = tf.minimum(countEnded(tf.add(first, blocks), most), tf.scalar(count - 1, 'int32'));
  const groupOf = tf.reshape(countEnded(ends, n), [n, 1]); // of each row
  const shift = tf.sub(tf.mul(first, tf.scalar(size, 'int32')), begins); // from a row to its place in the blocks, [E]
  const places = tf.reshape(tf.add(tf.gatherND(shift, groupOf), tf.range(0, n, 1, 'int32')), [n, 1]);
  return {
    groups,
    split(rows) {
      const d = rows.shape[1]!;
      return unstack(tf.reshape(tf.scatterND(places, rows, [most * size, d]), [most, size, d]));
    },
    join: (parts) => tf.gatherND(tf.concat(parts), places),
  };
}

/** For each number below `length`, how many of the ends [E] are not above it: int32 [length]. */
function countEnded(ends: tf.Tensor, length: number): tf.Tensor {
  const numbers = tf.reshape(tf.range(0, length, 1, 'int32'), [length, 1]);
  return tf.sum(tf.cast(tf.greaterEqual(numbers, tf.reshape(ends, [1, -1])), 'int32'), 1);
}
