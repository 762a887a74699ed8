/** @file Cases of linear maps. */
import { linears } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, scaled, TOLERANCE, type OpCase } from './case.ts';

/** @param outs rows of each weight */
function linearCase(leading: number[], input: number, outs: number[], factor = 1): OpCase {
  const weights = outs.map((_, i) => `weight${i}`);
  return {
    name: `linear: ${label({ x: [...leading, input], outs, ...(factor === 1 ? {} : { factor }) })}`,
    inputs: () => ({
      x: scaled([...leading, input], 1, factor),
      ...Object.fromEntries(outs.map((out, i) => [weights[i]!, randomTensor([out, input], 2 + i)])),
    }),
    differentiable: ['x', ...weights],
    run: ({ x, ...tensors }) =>
      linears(
        x!,
        weights.map((name) => tensors[name]!),
      ),
    formula: ({ x, ...plains }) => weights.map((name) => formulas.linear(x!, plains[name]!)),
    tolerance: TOLERANCE,
  };
}

export const linearCases = [
  linearCase([1], 1, [1]),
  linearCase([2], 3, [1, 2, 3]),
  linearCase([1, 1], 64, [64, 17]),
  linearCase([2, 3], 7, [5]),
  linearCase([2, 3], 7, [64, 5]),
  linearCase([7], 17, [33]),
  linearCase([33], 65, [1]),
  linearCase([33], 1, [65, 2]),
  linearCase([1], 127, [130, 31, 31]),
  linearCase([130], 127, [65, 33, 1]),
  linearCase([2, 65], 33, [96, 48, 48]),
  linearCase([64], 128, [128, 128]),
  linearCase([3], 300, [200]),
  linearCase([7], 17, [33], 1e4),
];
