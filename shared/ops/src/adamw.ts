/** @file AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2017, https://arxiv.org/abs/1711.05101). */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './op.ts';

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
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Share of the parameter that decays away per unit of learning rate; 0 for none. */
  weightDecay: number;
  /** 1 for the first update; corrects the moments' bias towards zero. */
  step: number;
};

const kernel = defineKernel<AdamWOptions>({
  kernelName: 'AdamW',
  inputs: ['parameter', 'gradient', 'firstMoment', 'secondMoment'],
  reference([parameter, gradient, m, v], { learningRate, beta1, beta2, epsilon, weightDecay, step }) {
    const firstMoment = tf.add(tf.mul(m!, beta1), tf.mul(gradient!, 1 - beta1));
    const secondMoment = tf.add(tf.mul(v!, beta2), tf.mul(tf.square(gradient!), 1 - beta2));
    const root = tf.add(tf.mul(tf.sqrt(secondMoment), 1 / Math.sqrt(1 - beta2 ** step)), epsilon);
    const update = tf.mul(tf.div(firstMoment, root), learningRate / (1 - beta1 ** step));
    const decayed = tf.mul(parameter!, 1 - learningRate * weightDecay);
    return [tf.sub(decayed, update), firstMoment, secondMoment];
  },
});

/**
 * One update of one parameter. Returns new tensors; the caller disposes of the old ones.
 *
 * Kernel `AdamW`.
 *
 * @param gradient of the parameter's shape
 */
export function adamW(state: AdamWState, gradient: tf.Tensor, options: AdamWOptions): AdamWState {
  const inputs = [state.parameter, gradient, state.firstMoment, state.secondMoment];
  const [parameter, firstMoment, secondMoment] = kernel(inputs, options) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return { parameter, firstMoment, secondMoment };
}
