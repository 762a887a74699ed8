/** @file Where the largest number of each row is: the token that greedy decoding chooses. */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './op.ts';
import type { NamedTensors } from './tape.ts';

const kernel = defineKernel({
  kernelName: 'FirstLargest',
  reference({ x }: NamedTensors<'x'>) {
    const places = tf.cast(tf.argMax(x, 1), 'float32'); // of equal ones the first
    const areFinite = tf.cast(tf.all(tf.isFinite(x), 1), 'float32');
    return [tf.sub(tf.mul(tf.add(places, 1), areFinite), 1)];
  },
});

/**
 * The place of each row's largest number, the first one's of equal ones; −1 where a number of the row is not finite. Without a gradient.
 *
 * Kernel `FirstLargest`.
 *
 * @param x [n, d], d at most 2²⁴
 * @returns [n], whole numbers as float32
 */
export function firstLargest(x: tf.Tensor): tf.Tensor {
  return kernel({ x }, {})[0]!;
}
