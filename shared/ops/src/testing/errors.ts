/** @file How tests measure an operation's errors: of its values, and of its gradients against finite differences. */
import * as tf from '@tensorflow/tfjs-core';

/** A step's truncation error falls with its square, float32's rounding error rises with its inverse: this is about the middle. */
const STEP = 1e-2;

/**
 * The bound on {@link gradientError}. For values around 1 the difference quotient's rounding error is about 1e-7 / h = 1e-5 an
 * output, its truncation error h² / 6 times a third derivative; a wrong term in a gradient shows as 1e-1 and more.
 */
export const GRADIENT_TOLERANCE = 2e-3;

/**
 * The largest difference between dL/dx of L = Σ c · f(x), for fixed pseudo-random c, and (L(x + h) − L(x − h)) / 2h, over all
 * elements of all inputs; relative to the largest element of that input's gradient.
 */
export function gradientError(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): number {
  const coefficients = tf.tidy(() => randomTensor(f(...inputs).shape, 99));
  const cs = coefficients.dataSync<'float32'>();
  const lossAt = (input: number, element: number, step: number): number =>
    tf.tidy(() => {
      const data = inputs[input]!.dataSync<'float32'>().slice();
      data[element]! += step;
      const moved = inputs.with(input, tf.tensor(data, inputs[input]!.shape));
      const values = f(...moved).dataSync<'float32'>();
      return Array.from(values).reduce((sum, y, i) => sum + y * cs[i]!, 0); // in float64
    });

  const errors = tf
    .grads(f)(inputs, coefficients)
    .map((gradient, input) => {
      const differences = Array.from({ length: gradient.size }, (_, element) => {
        return (lossAt(input, element, STEP) - lossAt(input, element, -STEP)) / (2 * STEP);
      });
      return relativeError(gradient, differences);
    });
  return Math.max(...errors);
}

/** Uniform values in [−1, 1). */
export function randomTensor(shape: number[], seed: number): tf.Tensor {
  return tf.randomUniform(shape, -1, 1, 'float32', seed);
}

/** The largest difference of an element from the expected one, relative to the largest of those. */
export function relativeError(actual: tf.Tensor, expected: readonly number[]): number {
  return largestDifference(actual.dataSync<'float32'>(), expected);
}

/** {@link relativeError} of elements; absolute where all expected ones are 0, NaN where either has one. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(error)) return NaN;
    difference = Math.max(difference, error);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return largest === 0 ? difference : difference / largest;
}
