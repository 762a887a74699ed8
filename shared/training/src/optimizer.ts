/** @file The optimizer: every parameter with its moments, and their AdamW update. */
import * as tf from '@tensorflow/tfjs-core';
import { adamW } from '@arrowsmith/ops';
import type { ParameterTensors } from '@arrowsmith/model';
import type { OptimizerParameters } from './parameters.ts';

/** What a step changes: three tensors of the same shape for each parameter's name. */
export type OptimizerState = {
  parameters: ParameterTensors;
  /** AdamW's running means of the gradients. */
  firstMoments: ParameterTensors;
  /** AdamW's running means of the squared gradients. */
  secondMoments: ParameterTensors;
};

/** The state before the first step: moments are zeros. Takes over the parameters; `tf.dispose` frees all of it. */
export function initialState(parameters: ParameterTensors): OptimizerState {
  const zeros = (): ParameterTensors =>
    Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, tf.zeros(shape)]));
  return { parameters, firstMoments: zeros(), secondMoments: zeros() };
}

/**
 * Updates every parameter by its gradient. Matrices decay, vectors (the weights of norms) do not: decay is for weights that
 * multiply inputs together, and would only pull a norm's gain towards 0.
 *
 * The state's tensors are replaced by new ones and disposed of; the gradients stay the caller's.
 *
 * @param step counted from 1
 */
export function updateParameters(
  state: OptimizerState,
  gradients: ParameterTensors,
  { beta1, beta2, epsilon, weightDecay }: OptimizerParameters,
  { learningRate, step }: { learningRate: number; step: number },
): void {
  for (const [name, gradient] of Object.entries(gradients)) {
    const old = {
      parameter: state.parameters[name]!,
      firstMoment: state.firstMoments[name]!,
      secondMoment: state.secondMoments[name]!,
    };
    const decay = old.parameter.rank >= 2 ? weightDecay : 0;
    const updated = adamW(old, gradient, { learningRate, beta1, beta2, epsilon, weightDecay: decay, step });
    tf.dispose(old);
    state.parameters[name] = updated.parameter;
    state.firstMoments[name] = updated.firstMoment;
    state.secondMoments[name] = updated.secondMoment;
  }
}
