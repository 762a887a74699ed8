/** @file Passes that come again and again, such as the gradients of a step of training: what they are, for backends that know how to repeat them and others. */
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** Values of one of a pass's tensors, which are others each time. */
export interface PassInput {
  values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  shape: number[];
}

export interface RepeatablePass {
  inputs: readonly PassInput[];
  /** All tensors that it is given and which may be others the next time, or change; it may dispose of them. */
  given: readonly Tensor[];
  /** Computes tensors of the inputs, and of what is given: all of them results. */
  compute(inputs: Tensor[]): Tensor[];
}

/** Computes a pass as though it came once. */
export function computePass({ inputs, compute }: RepeatablePass): Tensor[] {
  return tidy(() => compute(inputs.map(({ values, shape }) => tensor(values, shape, typeOf(values)))));
}

/** The type of a tensor with these values. */
export const typeOf = (values: PassInput['values']): 'float32' | 'int32' =>
  values instanceof Float32Array ? 'float32' : 'int32';
