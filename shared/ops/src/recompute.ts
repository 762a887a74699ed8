/** @file Activation recomputation, or gradient checkpointing (Chen et al. 2016, https://arxiv.org/abs/1604.06174). */
import * as tf from '@tensorflow/tfjs-core';
import type { FrozenMatrix } from './frozen-matrix.ts';
import { numbered } from './op.ts';
import { gradientsWithin, runNode } from './tape.ts';

/**
 * f(inputs, constants), for which only the tensors themselves stay alive until the backward pass, and nothing of what f computes: the
 * backward pass runs f once more to have that. Values and gradients are bit for bit those of f itself, since the same kernels run.
 *
 * @param f a pure function; it may use no tensor but those it is given, as others may be gone when it runs again
 * @param inputs what gradients flow to: objects and arrays with tensors anywhere in them, but for those of frozen matrices
 * @param constants what f needs besides, likewise
 * @returns likewise
 */
export function recompute<I, C, V>(f: (inputs: I, constants: C) => V, inputs: I, constants: C): V {
  const leaves = leavesOf(inputs);
  const xs = leaves.flatMap(({ tensor, isConstant }) => (isConstant ? [] : [tensor]));
  const others = [...leaves.flatMap(({ tensor, isConstant }) => (isConstant ? [tensor] : [])), ...tensorsIn(constants)];
  let outputs: V | undefined;
  const values = runNode({
    inputs: numbered('input', xs),
    forward(save) {
      save([...xs, ...others]);
      outputs = f(inputs, constants);
      return tensorsIn(outputs);
    },
    backward(dValues, saved) {
      const [again, constant] = [saved.slice(0, xs.length), saved.slice(xs.length).values()];
      const variable = again.values();
      const ofInputs = leaves.map(({ isConstant }) => (isConstant ? constant : variable).next().value!);
      const rest = [...constant];
      const run = () => tensorsIn(f(withTensors(inputs, ofInputs), withTensors(constants, rest)));
      const gradients = gradientsWithin(run, again, dValues);
      return gradients.map((gradient, i) => gradient ?? tf.zerosLike(again[i]!));
    },
  });
  return withTensors(outputs as V, values);
}

/** All tensors of a structure, in order, and whether they are what does not learn. */
function leavesOf(structure: unknown, isConstant = false): { tensor: tf.Tensor; isConstant: boolean }[] {
  if (structure instanceof tf.Tensor) return [{ tensor: structure, isConstant }];
  if (typeof structure !== 'object' || structure === null) return [];
  return Object.entries(structure).flatMap(([key, value]) => leavesOf(value, isConstant || key === FROZEN));
}

/** Where a frozen matrix has what does not learn. */
const FROZEN: keyof FrozenMatrix = 'frozen';

const tensorsIn = (structure: unknown): tf.Tensor[] => leavesOf(structure).map(({ tensor }) => tensor);

/** The same structure with other tensors, in the order of {@link leavesOf}. */
function withTensors<T>(structure: T, tensors: readonly tf.Tensor[]): T {
  const rest = tensors.values();
  const replace = (node: unknown): unknown => {
    if (node instanceof tf.Tensor) return rest.next().value;
    if (Array.isArray(node)) return node.map(replace);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, replace(value)]));
  };
  return replace(structure) as T;
}
