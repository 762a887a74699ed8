/** @file The optimizer: every parameter with its moments, and their update by AdamW, or of matrices within layers by Muon. */
import * as tf from '@tensorflow/tfjs-core';
import { type PassRepeater, withoutRepeating } from '@arrowsmith/backend';
import { adamW, adamWSettings, muon, muonSettings } from '@arrowsmith/ops';
import {
  mupWidth,
  parameterShapes,
  type DecoderConfig,
  type ParameterRole,
  type ParameterTensors,
} from '@arrowsmith/model';
import type { OptimizerParameters } from './parameters.ts';

/** What a step changes: tensors of the same shape for each parameter's name. */
export type OptimizerState = {
  parameters: ParameterTensors;
  /** AdamW's running means of the gradients, and Muon's. */
  firstMoments: ParameterTensors;
  /** AdamW's running means of the squared gradients. A parameter without one is Muon's. */
  secondMoments: ParameterTensors;
};

const isWithinLayers = (role: ParameterRole) => role === 'hidden' || role === 'residual';

/**
 * Names of the parameters that Muon updates, where it was asked for: matrices within layers, and stacks of them. What is orthogonal about an update
 * makes sense of a map from vectors to vectors; tables of vectors, the output layer and gains are AdamW's.
 *
 * @param adapters names of matrices that learn in place of the model's parameters; all of them stand within layers
 */
export function muonNames(
  { method }: Pick<OptimizerParameters, 'method'>,
  config: DecoderConfig,
  adapters?: readonly string[],
): readonly string[] {
  if (method !== 'muon') return [];
  if (adapters !== undefined) return adapters;
  const matrices = parameterShapes(config).filter(({ shape, role }) => isWithinLayers(role) && shape.length >= 2);
  return matrices.map(({ name }) => name);
}

/**
 * The state before the first step: moments are zeros. Takes over the parameters; `tf.dispose` frees all of it.
 *
 * @param byMuon names of those that Muon updates
 */
export function initialState(parameters: ParameterTensors, byMuon: readonly string[] = []): OptimizerState {
  // Not tf.zeros, which makes an array of JavaScript's: the garbage collector would hold it for a while after the first step.
  const zeros = (names: readonly string[]): ParameterTensors =>
    Object.fromEntries(names.map((name) => [name, tf.fill(parameters[name]!.shape, 0)]));
  const names = Object.keys(parameters);
  const others = new Set(byMuon);
  return {
    parameters,
    firstMoments: zeros(names),
    secondMoments: zeros(names.filter((name) => !others.has(name))),
  };
}

/**
 * By parameter name, the factor of the learning rate: under µP (Yang et al. 2022, https://arxiv.org/abs/2203.03466, table 8) that of matrices
 * within layers falls with the width, so that the best learning rate is that of the base model. An update by Muon has a spectral norm that grows with
 * the root of the width, and may not grow (Yang et al. 2023, https://arxiv.org/abs/2310.17813): its rate falls with that root.
 */
export function learningRateFactors(
  config: DecoderConfig,
  { method }: Pick<OptimizerParameters, 'method'> = { method: 'adamw' },
): Record<string, number> {
  const width = mupWidth(config);
  const byMuon = new Set(muonNames({ method }, config));
  return Object.fromEntries(
    parameterShapes(config).map(({ name, role }) => {
      if (byMuon.has(name)) return [name, 1 / Math.sqrt(width)];
      return [name, isWithinLayers(role) ? 1 / width : 1];
    }),
  );
}

/** What an update depends on besides state and gradients. */
interface UpdateOptions {
  learningRate: number;
  /** By parameter name; 1 where there is none. */
  learningRateFactors?: Readonly<Record<string, number>>;
  /** Factor of all gradients, which clips their norm. */
  gradientScale: number;
  /** Counted from 1. */
  step: number;
}

/**
 * Updates every parameter by its gradient. Matrices decay, vectors (the weights of norms) do not: decay is for weights that
 * multiply inputs together, and would only pull a norm's gain towards 0.
 *
 * The state's tensors are replaced by new ones and disposed of; the gradients stay the caller's.
 *
 * @param options.passes runs the update
 */
export function updateParameters(
  state: OptimizerState,
  gradients: ParameterTensors,
  optimizer: OptimizerParameters,
  { passes = withoutRepeating(), ...options }: UpdateOptions & { passes?: PassRepeater | undefined },
): void {
  const isAdamWs = (name: string): boolean => state.secondMoments[name] !== undefined;
  const names = Object.keys(gradients);
  const updates = [
    adamWUpdate(state, gradients, names.filter(isAdamWs), optimizer, options),
    muonUpdate(
      state,
      gradients,
      names.filter((name) => !isAdamWs(name)),
      optimizer,
      options,
    ),
  ].filter(({ places }) => places.length > 0);
  const updated = passes.run('update', {
    inputs: updates.map(({ settings }) => ({ values: settings, shape: [settings.length] })),
    given: updates.flatMap(({ given }) => given),
    compute: (settings) => updates.flatMap(({ compute }, i) => compute(settings[i])),
  });
  for (const [i, [part, name]] of updates.flatMap(({ places }) => places).entries()) state[part][name] = updated[i]!;
}

/** A part of an update: what is given to it, and where each tensor that it computes belongs. */
interface Update {
  settings: Float32Array<ArrayBuffer>;
  given: tf.Tensor[];
  places: (readonly [keyof OptimizerState, string])[];
  compute(settings: tf.Tensor | undefined): tf.Tensor[];
}

function adamWUpdate(
  state: OptimizerState,
  gradients: ParameterTensors,
  names: readonly string[],
  { beta1, beta2, epsilon, ...optimizer }: OptimizerParameters,
  options: UpdateOptions,
): Update {
  const parts = ['parameters', 'firstMoments', 'secondMoments'] as const;
  const states = names.map((name) => ({
    parameter: state.parameters[name]!,
    firstMoment: state.firstMoments[name]!,
    secondMoment: state.secondMoments[name]!,
  }));
  const learnt = names.map((name) => gradients[name]!);
  const all = { ...options, ...ofParameters(state, names, optimizer, options), beta1, beta2, epsilon };
  return {
    settings: adamWSettings(all),
    given: [...states.flatMap((each) => Object.values(each)), ...learnt],
    places: names.flatMap((name) => parts.map((part) => [part, name] as const)),
    compute: (settings) => adamW(states, learnt, all, settings).flatMap((each) => Object.values(each)),
  };
}

function muonUpdate(
  state: OptimizerState,
  gradients: ParameterTensors,
  names: readonly string[],
  { momentum, ...optimizer }: OptimizerParameters,
  options: UpdateOptions,
): Update {
  const parts = ['parameters', 'firstMoments'] as const;
  const states = names.map((name) => ({ parameter: state.parameters[name]!, momentum: state.firstMoments[name]! }));
  const learnt = names.map((name) => gradients[name]!);
  const all = { ...options, ...ofParameters(state, names, optimizer, options), momentum };
  return {
    settings: muonSettings({ ...all, shapes: learnt.map(({ shape }) => shape) }),
    given: [...states.flatMap((each) => Object.values(each)), ...learnt],
    places: names.flatMap((name) => parts.map((part) => [part, name] as const)),
    compute: (settings) => muon(states, learnt, all, settings).flatMap((each) => Object.values(each)),
  };
}

/** For each parameter, its decay and the factor of its rate. */
function ofParameters(
  { parameters }: OptimizerState,
  names: readonly string[],
  { weightDecay }: Pick<OptimizerParameters, 'weightDecay'>,
  { learningRateFactors: factors = {} }: UpdateOptions,
): { weightDecays: number[]; learningRateFactors: number[] } {
  return {
    weightDecays: names.map((name) => (parameters[name]!.rank >= 2 ? weightDecay : 0)),
    learningRateFactors: names.map((name) => factors[name] ?? 1),
  };
}
