/** @file Cases of what the optimizer does. */
import * as tf from '@tensorflow/tfjs-core';
import { adamW, globalNorm, muon, type AdamWState } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { scaled, TOLERANCE, type OpCase } from './case.ts';

export const globalNormCases = [[[1]], [[7], [3, 5], []], [[20_000], [130, 130], [1]]].map((shapes): OpCase => {
  return {
    name: `globalNorm: ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')}`,
    inputs: () => Object.fromEntries(shapes.map((shape, i) => [`x${i}`, scaled(shape, i, 10 ** i)])),
    differentiable: [],
    run: (inputs) => [globalNorm(Object.values(inputs))],
    formula: (inputs) => [formulas.globalNorm(Object.values(inputs))],
    tolerance: TOLERANCE,
  };
});

export const adamWCases = [
  { shapes: [[1]], step: 1 },
  { shapes: [[3, 5], [7], [33, 65]], step: 1 },
  { shapes: [[20_001], [2, 3, 4]], step: 1000 },
].map(({ shapes, step }): OpCase => {
  const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, step, gradientScale: 0.3 };
  const weightDecays = shapes.map((_, i) => i / 10);
  const learningRateFactors = shapes.map((_, i) => 1 / (1 + i));
  const names = (i: number) => [`parameter${i}`, `gradient${i}`, `firstMoment${i}`, `secondMoment${i}`] as const;
  // States are taken over, and may be updated in place: hence copies of the values, not clones that share memory.
  const copy = (x: tf.Tensor) => tf.mul(x, 1);
  const flat = (states: AdamWState[]) =>
    states.flatMap(({ parameter, firstMoment, secondMoment }) => [parameter, firstMoment, secondMoment]);
  return {
    name: `adamW: ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')}, step ${step}`,
    inputs: () =>
      Object.fromEntries(
        shapes.flatMap((shape, i) => {
          const [parameter, gradient, firstMoment, secondMoment] = names(i);
          return [
            [parameter, randomTensor(shape, 1 + i)],
            [gradient, randomTensor(shape, 11 + i)],
            [firstMoment, randomTensor(shape, 21 + i)],
            [secondMoment, tf.square(randomTensor(shape, 31 + i))],
          ];
        }),
      ),
    differentiable: [],
    run: (inputs) => {
      const states = shapes.map((_, i) => {
        const [parameter, , firstMoment, secondMoment] = names(i).map((name) => copy(inputs[name]!));
        return { parameter: parameter!, firstMoment: firstMoment!, secondMoment: secondMoment! };
      });
      const gradients = shapes.map((_, i) => inputs[`gradient${i}`]!);
      return flat(adamW(states, gradients, { ...options, weightDecays, learningRateFactors }));
    },
    formula: (inputs) =>
      shapes.flatMap((_, i) => {
        const [parameter, gradient, firstMoment, secondMoment] = names(i).map((name) => inputs[name]!);
        return formulas.adamW([parameter!, gradient!, firstMoment!, secondMoment!], {
          ...options,
          weightDecay: weightDecays[i]!,
          learningRateFactor: learningRateFactors[i]!,
        });
      }),
    tolerance: TOLERANCE,
  };
});

export const muonCases = [
  { shapes: [[1, 1]] },
  {
    shapes: [
      [5, 3],
      [3, 5],
      [33, 65],
    ],
  },
  {
    shapes: [
      [70, 40],
      [3, 17, 9],
      [2, 8, 32],
    ],
  },
  // Of one shape, which may be computed together.
  {
    shapes: [
      [17, 9],
      [9, 17],
      [3, 17, 9],
      [17, 9],
    ],
  },
].map(({ shapes }): OpCase => {
  const options = { learningRate: 0.1, momentum: 0.95, gradientScale: 0.3 };
  const weightDecays = shapes.map((_, i) => i / 10);
  const learningRateFactors = shapes.map((_, i) => 1 / (1 + i));
  const names = (i: number) => [`parameter${i}`, `gradient${i}`, `momentum${i}`] as const;
  return {
    name: `muon: ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')}`,
    inputs: () =>
      Object.fromEntries(
        shapes.flatMap((shape, i) => {
          const [parameter, gradient, momentum] = names(i);
          return [
            [parameter, randomTensor(shape, 1 + i)],
            [gradient, randomTensor(shape, 11 + i)],
            [momentum, randomTensor(shape, 21 + i)],
          ];
        }),
      ),
    differentiable: [],
    run: (inputs) => {
      // Taken over, as AdamW's.
      const states = shapes.map((_, i) => {
        const [parameter, , momentum] = names(i).map((name) => tf.mul(inputs[name]!, 1));
        return { parameter: parameter!, momentum: momentum! };
      });
      const gradients = shapes.map((_, i) => inputs[`gradient${i}`]!);
      const updated = muon(states, gradients, { ...options, weightDecays, learningRateFactors });
      return updated.flatMap(({ parameter, momentum }) => [parameter, momentum]);
    },
    formula: (inputs) =>
      shapes.flatMap((_, i) => {
        const [parameter, gradient, momentum] = names(i).map((name) => inputs[name]!);
        return formulas.muon([parameter!, gradient!, momentum!], {
          ...options,
          rate: options.learningRate * learningRateFactors[i]!,
          weightDecay: weightDecays[i]!,
        });
      }),
    tolerance: TOLERANCE,
  };
});
