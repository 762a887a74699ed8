/** @file The optimizer: every parameter with its moments, and their AdamW update. */
import * as tf from '@tensorflow/tfjs-core';
import { type PassRepeater, withoutRepeating } from '@arrowsmith/backend';
import { adamW, adamWSettings } from '@arrowsmith/ops';
import {
  mupWidth,
  parameterShapes,
  type DecoderConfig,
  type ParameterRole,
  type ParameterTensors,
} from '@arrowsmith/model';
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
  // Not tf.zeros, which makes an array of JavaScript's: the garbage collector would hold it for a while after the first step.
  const zeros = (): ParameterTensors =>
    Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, tf.fill(shape, 0)]));
  return { parameters, firstMoments: zeros(), secondMoments: zeros() };
}

/**
 * By parameter name, the factor of the learning rate: under µP (Yang et al. 2022, https://arxiv.org/abs/2203.03466, table 8) that of matrices
 * within layers falls with the width, so that the best learning rate is that of the base model.
 */
export function learningRateFactors(config: DecoderConfig): Record<string, number> {
  const width = mupWidth(config);
  const isHidden = (role: ParameterRole) => role === 'hidden' || role === 'residual';
  return Object.fromEntries(parameterShapes(config).map(({ name, role }) => [name, isHidden(role) ? 1 / width : 1]));
}

/**
 * Updates every parameter by its gradient. Matrices decay, vectors (the weights of norms) do not: decay is for weights that
 * multiply inputs together, and would only pull a norm's gain towards 0.
 *
 * The state's tensors are replaced by new ones and disposed of; the gradients stay the caller's.
 *
 * @param options.gradientScale factor of all gradients, which clips their norm
 * @param options.learningRateFactors by parameter name; 1 where there is none
 * @param options.step counted from 1
 * @param options.passes runs the update
 */
export function updateParameters(
  state: OptimizerState,
  gradients: ParameterTensors,
  { beta1, beta2, epsilon, weightDecay }: OptimizerParameters,
  {
    learningRate,
    learningRateFactors: factors = {},
    gradientScale,
    step,
    passes = withoutRepeating(),
  }: {
    learningRate: number;
    learningRateFactors?: Readonly<Record<string, number>>;
    gradientScale: number;
    step: number;
    passes?: PassRepeater | undefined;
  },
): void {
  const names = Object.keys(gradients);
  const states = names.map((name) => ({
    parameter: state.parameters[name]!,
    firstMoment: state.firstMoments[name]!,
    secondMoment: state.secondMoments[name]!,
  }));
  const weightDecays = states.map(({ parameter }) => (parameter.rank >= 2 ? weightDecay : 0));
  const options = {
    learningRate,
    learningRateFactors: names.map((name) => factors[name] ?? 1),
    beta1,
    beta2,
    epsilon,
    weightDecays,
    step,
    gradientScale,
  };
  const ofState = states.flatMap((each) => Object.values(each));
  const learnt = Object.values(gradients);
  const updated = passes.run('update', {
    inputs: [{ values: adamWSettings(options), shape: [5 + 2 * names.length] }],
    given: [...ofState, ...learnt],
    compute: ([settings]) => adamW(states, learnt, options, settings).flatMap((each) => Object.values(each)),
  });
  for (const [i, name] of names.entries()) {
    state.parameters[name] = updated[3 * i]!;
    state.firstMoments[name] = updated[3 * i + 1]!;
    state.secondMoments[name] = updated[3 * i + 2]!;
  }
}
