/** @file Products with numbers that no gradient flows to: one for all elements, or one for each position. */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './op.ts';
import type { NamedTensors } from './tape.ts';

const scaleOp = defineOp({
  kernelName: 'DifferentiableScale',
  forward: ({ x }: NamedTensors<'x'>, { factor }: { factor: number }) => [tf.mul(x, factor)],
  saved: () => ({}),
  gradient: ([dValue], _saved, _residuals, { factor }) => [tf.mul(dValue, factor)],
});

const scalePositionsOp = defineOp({
  kernelName: 'ScalePositions',
  constants: ['factors'],
  forward: ({ x, factors }: NamedTensors<'x' | 'factors'>) => [byPosition(x, factors)],
  saved: ({ factors }) => ({ factors }),
  gradient: ([dValue], { factors }) => [byPosition(dValue, factors)],
});

function byPosition(x: tf.Tensor, factors: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.reshape(factors, [-1, ...x.shape.slice(2).map(() => 1)]));
}

/** x · factor. */
export function scale(x: tf.Tensor, factor: number): tf.Tensor {
  return scaleOp({ x }, { factor })[0]!;
}

/**
 * Multiplies what stands at each position by the position's factor, as Llama 4 the queries of its layers without positions.
 *
 * Kernels `ScalePositions`, `ScalePositionsGrad`.
 *
 * @param x [b, s, ...]
 * @param factors [s]
 * @returns [b, s, ...]
 */
export function scalePositions(x: tf.Tensor, factors: tf.Tensor): tf.Tensor {
  return scalePositionsOp({ x, factors }, {})[0]!;
}
