/** @file AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2017, https://arxiv.org/abs/1711.05101). */
export { adamWSettings } from '@arrowsmith/backend-native/adamw-settings';
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** One parameter and its moments, all of one shape. */
export type AdamWState = {
  parameter: tf.Tensor;
  /** Running mean of the gradient; zeros at first. */
  firstMoment: tf.Tensor;
  /** Running mean of the squared gradient; zeros at first. */
  secondMoment: tf.Tensor;
};

export type AdamWOptions = {
  learningRate: number;
  /** For each parameter, the factor of its learning rate; all 1 by default. */
  learningRateFactors?: readonly number[];
  beta1: number;
  beta2: number;
  epsilon: number;
  /** For each parameter, the share of it that decays away per unit of learning rate; 0 for none. */
  weightDecays: readonly number[];
  /** 1 for the first update; corrects the moments' bias towards zero. */
  step: number;
  /** Factor of all gradients, e.g. to clip their joint norm: min(1, maximum norm / norm). */
  gradientScale: number;
};

const kernel = defineKernel({
  kernelName: 'AdamW',
  reference(inputs: NamedTensors, { count, ...options }: AdamWOptions & { count: number }) {
    const updated = Array.from({ length: count }, (_, i) => {
      const [parameter, gradient] = [inputs[`parameter${i}`]!, inputs[`gradient${i}`]!];
      const [firstMoment, secondMoment] = [inputs[`firstMoment${i}`]!, inputs[`secondMoment${i}`]!];
      const state = tf.tidy(() => update({ parameter, firstMoment, secondMoment }, gradient, options, i));
      tf.dispose([parameter, firstMoment, secondMoment]); // at once, so that old and new state exist of one parameter at a time
      return state;
    });
    return [
      ...updated.map(({ parameter }) => parameter),
      ...updated.map(({ firstMoment }) => firstMoment),
      ...updated.map(({ secondMoment }) => secondMoment),
    ];
  },
});

function update(
  { parameter, firstMoment, secondMoment }: AdamWState,
  unscaledGradient: tf.Tensor,
  { learningRateFactors, beta1, beta2, epsilon, weightDecays, step, gradientScale, ...options }: AdamWOptions,
  index: number,
): AdamWState {
  const learningRate = options.learningRate * (learningRateFactors?.[index] ?? 1);
  const gradient = gradientScale === 1 ? unscaledGradient : tf.mul(unscaledGradient, gradientScale);
  const m = tf.add(tf.mul(firstMoment, beta1), tf.mul(gradient, 1 - beta1));
  const v = tf.add(tf.mul(secondMoment, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const root = tf.add(tf.mul(tf.sqrt(v), 1 / Math.sqrt(1 - beta2 ** step)), epsilon);
  const change = tf.mul(tf.div(m, root), learningRate / (1 - beta1 ** step));
  const decayed = tf.mul(parameter, 1 - learningRate * weightDecays[index]!);
  return { parameter: tf.sub(decayed, change), firstMoment: m, secondMoment: v };
}

/**
 * One update of all parameters. Takes over the states: their tensors are disposed of, and a backend may have updated their memory in
 * place. The gradients stay the caller's.
 *
 * Kernel `AdamW`, for all parameters at once: inputs `parameter0` …, `gradient0` …, `firstMoment0` …, `secondMoment0` …, outputs
 * the parameters, then the first, then the second moments.
 *
 * @param gradients one for each state, of its shape
 * @param settings the options as `adamWSettings` makes them, for a backend that reads them from memory, where a recording has others each time
 * @returns the new states, in the same order
 */
export function adamW(
  states: readonly AdamWState[],
  gradients: readonly tf.Tensor[],
  options: AdamWOptions,
  settings?: tf.Tensor,
): AdamWState[] {
  const count = states.length;
  const [parameters, firstMoments, secondMoments] = [
    states.map(({ parameter }) => parameter),
    states.map(({ firstMoment }) => firstMoment),
    states.map(({ secondMoment }) => secondMoment),
  ];
  const updated = kernel(
    {
      ...numbered('parameter', parameters),
      ...numbered('gradient', gradients),
      ...numbered('firstMoment', firstMoments),
      ...numbered('secondMoment', secondMoments),
      ...(settings === undefined ? {} : { settings }),
    },
    { ...options, count },
  );
  tf.dispose([parameters, firstMoments, secondMoments]);
  return states.map((_, i) => ({
    parameter: updated[i]!,
    firstMoment: updated[count + i]!,
    secondMoment: updated[2 * count + i]!,
  }));
}
