/**
 * @file Muon: momentum whose matrices are made orthogonal (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), in updates as large as
 * AdamW's are (Liu et al. 2025, https://arxiv.org/abs/2502.16982), so that learning rate and weight decay of the one suit the other.
 */
export { muonSettings } from '@arrowsmith/backend-native/muon-settings';
import { LEAST_NORM, NEWTON_SCHULZ, type MuonNumbers, updateSize } from '@arrowsmith/backend-native/muon-settings';
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** A matrix [rows, columns], or a stack of them [count, rows, columns], and its momentum of the same shape. */
export type MuonState = {
  parameter: tf.Tensor;
  /** Running mean of the gradient; zeros at first. */
  momentum: tf.Tensor;
};

export type MuonOptions = Omit<MuonNumbers, 'shapes'>;

const kernel = defineKernel({
  kernelName: 'Muon',
  reference(inputs: NamedTensors, { count, ...options }: MuonOptions & { count: number }) {
    const updated = Array.from({ length: count }, (_, i) => {
      const [parameter, gradient] = [inputs[`parameter${i}`]!, inputs[`gradient${i}`]!];
      const momentum = inputs[`momentum${i}`]!;
      const state = tf.tidy(() => update({ parameter, momentum }, gradient, options, i));
      tf.dispose([parameter, momentum]); // at once, so that old and new state exist of one parameter at a time
      return state;
    });
    return [...updated.map(({ parameter }) => parameter), ...updated.map(({ momentum }) => momentum)];
  },
});

function update({ parameter, momentum }: MuonState, gradient: tf.Tensor, options: MuonOptions, i: number): MuonState {
  const { momentum: beta, gradientScale, learningRateFactors, weightDecays } = options;
  const rate = options.learningRate * (learningRateFactors?.[i] ?? 1);
  const ofGradient = tf.mul(gradient, gradientScale * (1 - beta));
  const next = tf.add(tf.mul(momentum, beta), ofGradient);
  const direction = orthogonalized(tf.add(tf.mul(next, beta), ofGradient)); // Nesterov's, which looks one step ahead
  const change = tf.mul(direction, rate * updateSize(parameter.shape));
  return { parameter: tf.sub(tf.mul(parameter, 1 - rate * weightDecays[i]!), change), momentum: next };
}

/** Of each matrix U S Vᵀ about U Vᵀ: five steps of Newton and Schulz take singular values to between 0.7 and 1.2. */
function orthogonalized(matrices: tf.Tensor): tf.Tensor {
  const [rows, columns] = matrices.shape.slice(-2) as [number, number];
  const isTall = rows > columns;
  const norms = tf.sqrt(tf.sum(tf.square(matrices), [-2, -1], true));
  let x = tf.div(matrices, tf.maximum(norms, LEAST_NORM));
  const { steps, ofMatrix, ofCube, ofFifth } = NEWTON_SCHULZ;
  const identity = tf.mul(tf.eye(Math.min(rows, columns)), ofMatrix);
  for (let step = 0; step < steps; step++) {
    const gram = tf.matMul(x, x, isTall, !isTall);
    const square = tf.matMul(gram, gram);
    const factor = tf.add(tf.add(tf.mul(gram, ofCube), tf.mul(square, ofFifth)), identity);
    x = isTall ? tf.matMul(x, factor) : tf.matMul(factor, x);
  }
  return x;
}

/**
 * One update of all matrices. Takes over the states: their tensors are disposed of, and a backend may have updated their memory in place. The
 * gradients stay the caller's.
 *
 * Kernel `Muon`, for all matrices at once: inputs `parameter0` …, `gradient0` …, `momentum0` …, outputs the parameters, then the momenta.
 *
 * @param gradients one for each state, of its shape
 * @param settings the options as `muonSettings` makes them, for a backend that reads them from memory, where a recording has others each time
 * @returns the new states, in the same order
 */
export function muon(
  states: readonly MuonState[],
  gradients: readonly tf.Tensor[],
  options: MuonOptions,
  settings?: tf.Tensor,
): MuonState[] {
  const count = states.length;
  const parameters = states.map(({ parameter }) => parameter);
  const momenta = states.map(({ momentum }) => momentum);
  const updated = kernel(
    {
      ...numbered('parameter', parameters),
      ...numbered('gradient', gradients),
      ...numbered('momentum', momenta),
      ...(settings === undefined ? {} : { settings }),
    },
    { ...options, count },
  );
  tf.dispose([parameters, momenta]);
  return states.map((_, i) => ({ parameter: updated[i]!, momentum: updated[count + i]! }));
}
