/** @file Cases of mixtures of experts. */
import * as tf from '@tensorflow/tfjs-core';
import { groupedLinears } from '../../index.ts';
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

export const mixtureCases = [
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
