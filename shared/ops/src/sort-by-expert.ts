/**
 * @file Where tokens go that are sent to experts: a stable sort of their choices (Gale et al., "MegaBlocks", 2022,
 * https://arxiv.org/abs/2211.15841).
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** Where tokens go that are sorted by expert. */
export interface Routes {
  /** The row, of n·k rows sorted by expert, of each token's choice j: int32 [n, k]. Rows of one expert are in the tokens' order. */
  slots: tf.Tensor;
  /** Expert e has the rows from offsets[e] to before offsets[e + 1], maybe none: int32 [E + 1]. */
  offsets: tf.Tensor;
  /** The share of tokens that each expert computes, [E]; they sum to k. */
  load: tf.Tensor;
}

type SortAttributes = {
  experts: number;
};

const kernel = defineKernel({
  kernelName: 'SortByExpert',
  reference({ choices }: NamedTensors<'choices'>, { experts }: SortAttributes) {
    const rows = choices.size; // n k
    const chosen = tf.reshape(choices, [rows]);
    const numbers = tf.reshape(tf.range(0, experts, 1, 'int32'), [experts, 1]);
    const isChosen = tf.cast(tf.equal(numbers, tf.reshape(chosen, [1, rows])), 'int32'); // [E, n k]
    // Before a choice come those of lower experts and the earlier ones of the same: all that stand before it, expert after expert.
    const before = tf.reshape(tf.cumsum(tf.reshape(isChosen, [-1]), 0, true), [experts, rows]);
    const slots = tf.gatherND(before, tf.stack([chosen, tf.range(0, rows, 1, 'int32')], 1));
    const begins = tf.reshape(tf.slice(before, [0, 0], [experts, 1]), [experts]);
    const offsets = tf.concat([begins, tf.tensor1d([rows], 'int32')]);
    const load = tf.div(tf.cast(tf.sum(isChosen, 1), 'float32'), choices.shape[0]!);
    return [tf.reshape(slots, choices.shape), offsets, load];
  },
});

/**
 * Sorts the choices of all tokens by expert, stably. Nothing of it is differentiable.
 *
 * Kernel `SortByExpert`.
 *
 * @param choices numbers of experts, int32 [n, k], each in [0, experts), n at least 1
 */
export function sortByExpert(choices: tf.Tensor, experts: number): Routes {
  const [slots, offsets, load] = kernel({ choices }, { experts }) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return { slots, offsets, load };
}
