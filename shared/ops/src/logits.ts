/** @file The logits of a linear output layer, which may be scaled and softly capped. */
import * as tf from '@tensorflow/tfjs-core';
import { linear } from './linear.ts';
import { defineOp } from './op.ts';
import type { Weight } from './stored-matrix.ts';
import type { NamedTensors } from './tape.ts';

/** What becomes of the products z = x Wᵀ before the softmax; by default they are the logits. */
export type LogitOptions = {
  /** Factor of z; 1 by default. Command R and A have one. */
  scale?: number;
  /** Caps logits softly, to softCap · tanh(z / softCap), after the scale; 0, for no cap, by default. Gemma 2 and 3n have one. */
  softCap?: number;
};

/** The options with the defaults for what there is not. */
export const logitAttributes = ({ scale = 1, softCap = 0 }: LogitOptions): Required<LogitOptions> => ({
  scale,
  softCap,
});

/** The products as logits; themselves where there is nothing to do. */
export function toLogits(products: tf.Tensor, { scale, softCap }: Required<LogitOptions>): tf.Tensor {
  if (softCap > 0) return tf.mul(tf.tanh(tf.mul(products, scale / softCap)), softCap);
  return scale === 1 ? products : tf.mul(products, scale);
}

/** The slope of {@link toLogits}, of the logits' shape or a number: (c tanh(s z / c))' = s (1 − tanh²(s z / c)). */
export function logitSlope(values: tf.Tensor, { scale, softCap }: Required<LogitOptions>): tf.Tensor | number {
  return softCap > 0 ? tf.mul(tf.sub(1, tf.square(tf.div(values, softCap))), scale) : scale;
}

const op = defineOp({
  kernelName: 'LogitOptions',
  forward: ({ products }: NamedTensors<'products'>, options: Required<LogitOptions>) => [toLogits(products, options)],
  saved: (_, [value]) => ({ value: value! }),
  gradient: ([dValue], { value }, _, options) => [tf.mul(dValue, logitSlope(value, options))],
});

/**
 * Scores of every token: x Wᵀ, scaled and capped as the options say. For a loss, `linearCrossEntropy` and `tokenLosses` are faster and
 * keep no logits.
 *
 * @param x hidden states [..., d]
 * @param weight output matrix [V, d]
 * @returns [..., V]
 */
export function logits(x: tf.Tensor, weight: Weight, options: LogitOptions = {}): tf.Tensor {
  const attributes = logitAttributes(options);
  const products = linear(x, weight);
  return attributes.scale === 1 && attributes.softCap === 0 ? products : op({ products }, attributes)[0]!;
}
