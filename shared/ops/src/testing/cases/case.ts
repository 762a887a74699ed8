/** @file What a case of an operation is, and what cases of all operations share. */
import * as tf from '@tensorflow/tfjs-core';
import { randomTensor } from '../errors.ts';
import type { Plain } from '../formulas.ts';

export type Tensors = Record<string, tf.Tensor>;
export type Plains = Record<string, Plain>;

/** An operation on inputs. */
export interface OpCase {
  /** Unique; starts with the operation's name. */
  name: string;
  /** Makes the inputs on the active backend: the same values on every one. */
  inputs(): Tensors;
  /** Names of the inputs that have a gradient. */
  differentiable: readonly string[];
  run(inputs: Tensors): tf.Tensor[];
  /** The same in float64: the elements of each output. */
  formula(inputs: Plains): readonly (readonly number[])[];
  /** Bound on the errors that {@link measureCase} reports, for computation in float32. */
  tolerance: number;
}

/** Float32 roundings of a few hundred terms of a sum: 2⁻²⁴ each, growing like the root of their number. */
export const TOLERANCE = 3e-6;

/**
 * The bound where scores or logits are in the thousands: their rounding error, a few times 2⁻²⁴ · 1000, is the relative error
 * of their exponentials.
 */
export const STEEP_TOLERANCE = 1e-3;

export const scaled = (shape: number[], seed: number, factor: number): tf.Tensor =>
  tf.mul(randomTensor(shape, seed), factor);
export const label = (values: object): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`)
    .join(', ');
