/** @file Moves parameters to the active backend and back. */
import { borrowValues, readsAtOnce } from '@arrowsmith/backend';
import { scale } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Weights } from './parameters.ts';

/** Parameters by name, on the active backend; whoever made them disposes of them (`tf.dispose`). */
export type ParameterTensors = Record<string, tf.Tensor>;

/** Copies weights to the active backend. */
export function tensorsOf(weights: Weights): ParameterTensors {
  // A backend may keep the array it is given, and a tensor must not change when the caller's array does: hence the copy, by the backend, which
  // so has it in its own memory.
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name,
      tf.tidy(() => scale(tf.tensor(data, shape, 'float32'), 1)),
    ]),
  );
}

/** Copies tensors from their backend, one after the other: a graphics processor needs memory for each that is read meanwhile. */
export async function weightsOf(tensors: ParameterTensors): Promise<Weights> {
  const weights: Weights = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const data = (await tensor.data<'float32'>()).slice();
    weights[name] = { shape: tensor.shape.slice(), data };
  }
  return weights;
}

/** Tensors as weights, of which none is copied where the backend has them in reach: for who reads one after the other, before tensors change. */
export async function viewOf(tensors: ParameterTensors): Promise<Weights> {
  if (!readsAtOnce()) return weightsOf(tensors);
  const entries = Object.entries(tensors).map(([name, tensor]) => [
    name,
    {
      shape: tensor.shape.slice(),
      get data() {
        return borrowValues(tensor);
      },
    },
  ]);
  return Object.fromEntries(entries) as Weights;
}
