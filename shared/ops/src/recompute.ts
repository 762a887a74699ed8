/** @file Activation recomputation, or gradient checkpointing (Chen et al. 2016, https://arxiv.org/abs/1604.06174). */
import * as tf from '@tensorflow/tfjs-core';
import { gradientsWithin, runNode, type NamedTensors } from './tape.ts';

/**
 * f(tensors), for which only the tensors themselves stay alive until the backward pass, and nothing of what f computes: the
 * backward pass runs f once more to have that. Values and gradients are bit for bit those of f itself, since the same kernels run.
 *
 * @param f a pure function; it may use no tensor but those it is given, as others may be gone when it runs again
 * @param inputs what gradients flow to
 * @param constants what f needs besides
 */
export function recompute<I extends NamedTensors, C extends NamedTensors, V extends NamedTensors>(
  f: (tensors: I & C) => V,
  inputs: I,
  constants: C,
): V {
  const all = { ...inputs, ...constants };
  const names = Object.keys(all);
  let valueNames: string[] = [];
  const values = runNode({
    inputs,
    forward(save) {
      save(Object.values(all));
      const named = f(all);
      valueNames = Object.keys(named);
      return Object.values(named);
    },
    backward(dValues, saved) {
      const again = Object.fromEntries(names.map((name, i) => [name, saved[i]!])) as NamedTensors as I & C;
      const xs = saved.slice(0, Object.keys(inputs).length);
      const gradients = gradientsWithin(() => Object.values(f(again)), xs, dValues);
      return gradients.map((gradient, i) => gradient ?? tf.zerosLike(xs[i]!));
    },
  });
  return Object.fromEntries(valueNames.map((name, i) => [name, values[i]!])) as NamedTensors as V;
}
