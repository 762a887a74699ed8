/** @file Cases of mixtures of experts. */
import * as tf from '@tensorflow/tfjs-core';
import { combine, dispatch, groupedLinears, sortByExpert, topK } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, type OpCase, TOLERANCE } from './case.ts';

/**
 * @param counts rows of each group
 * @param outs rows of each weight's matrices
 */
function groupedLinearCase(counts: number[], input: number, outs: number[]): OpCase {
  const weights = outs.map((_, i) => `weight${i}`);
  const offsets = counts.reduce((sums, count) => [...sums, sums.at(-1)! + count], [0]);
  return {
    name: `groupedLinear: ${label({ rows: counts, in: input, outs })}`,
    inputs: () => ({
      x: randomTensor([offsets.at(-1)!, input], 1),
      ...Object.fromEntries(outs.map((out, i) => [weights[i]!, randomTensor([counts.length, out, input], 2 + i)])),
    }),
    differentiable: ['x', ...weights],
    run: ({ x, ...tensors }) =>
      groupedLinears(
        x!,
        weights.map((name) => tensors[name]!),
        tf.tensor1d(offsets, 'int32'),
      ),
    formula: ({ x, ...plains }) => weights.map((name) => formulas.groupedLinear(x!, plains[name]!, offsets)),
    tolerance: TOLERANCE,
  };
}

function topKCase([n, experts]: [number, number], k: number): OpCase {
  return {
    name: `topK: ${label({ x: [n, experts], k })}`,
    inputs: () => ({ x: randomTensor([n, experts], 1) }),
    differentiable: ['x'],
    run: ({ x }) => [topK(x!, k).values],
    formula: ({ x }) => [formulas.topK(x!, k)],
    tolerance: TOLERANCE,
  };
}

/** Dispatch and combine of n tokens with k of some experts each. */
function routeCases([n, k, experts, d]: [number, number, number, number], weighted: boolean): OpCase[] {
  const choices = Array.from({ length: n * k }, (_, i) => (i * i + 3 * i) % experts);
  const routes = () => sortByExpert(tf.tensor2d(choices, [n, k], 'int32'), experts);
  const weights = (): Record<string, tf.Tensor> => (weighted ? { weights: randomTensor([n, k], 2) } : {});
  const differentiable = ['x', ...(weighted ? ['weights'] : [])];
  const name = label({ n, k, experts, d, weighted });
  return [
    {
      name: `dispatch: ${name}`,
      inputs: () => ({ x: randomTensor([n, d], 1), ...weights() }),
      differentiable,
      run: (inputs) => [dispatch(inputs['x']!, routes(), inputs['weights'])],
      formula: (inputs) => [formulas.dispatch(inputs['x']!, choices, inputs['weights'])],
      tolerance: TOLERANCE,
    },
    {
      name: `combine: ${name}`,
      inputs: () => ({ x: randomTensor([n * k, d], 1), ...weights() }),
      differentiable,
      run: (inputs) => [combine(inputs['x']!, routes(), inputs['weights'])],
      formula: (inputs) => [formulas.combine(inputs['x']!, choices, k, inputs['weights'])],
      tolerance: TOLERANCE,
    },
  ];
}

export const mixtureCases = [
  topKCase([1, 1], 1),
  topKCase([3, 5], 5),
  topKCase([33, 8], 2),
  topKCase([700, 40], 8),
  ...[false, true].flatMap((weighted) => [
    ...routeCases([1, 1, 1, 1], weighted),
    ...routeCases([5, 2, 4, 7], weighted),
    ...routeCases([33, 1, 3, 64], weighted),
    ...routeCases([65, 4, 9, 18], weighted),
  ]),
  groupedLinearCase([1], 1, [1]),
  groupedLinearCase([3], 7, [5]),
  groupedLinearCase([1, 0, 2], 3, [1, 2]),
  groupedLinearCase([0, 0, 9, 0], 17, [33, 5]),
  groupedLinearCase([5, 6, 7, 12], 64, [65]),
  groupedLinearCase([33, 0, 1, 66], 65, [130, 17, 17]),
  groupedLinearCase([32, 32], 64, [48, 48]),
  groupedLinearCase([700, 1, 3], 18, [17]),
  groupedLinearCase([7, 400, 20], 18, [20]),
  groupedLinearCase([2, 9], 400, [33]),
  groupedLinearCase(
    Array.from({ length: 40 }, (_, i) => i % 4),
    16,
    [8, 8],
  ),
];
