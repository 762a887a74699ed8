/** @file Cases of gated feed-forward networks. */
import { gatedFeedForward } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, TOLERANCE, type OpCase } from './case.ts';

const gates = { silu: formulas.swiglu, 'gelu-tanh': formulas.geglu };

function feedForwardCase(
  leading: number[],
  d: number,
  f: number,
  activation: keyof typeof gates,
  hasResidual: boolean,
): OpCase {
  const x = [...leading, d];
  const weights = ['gate', 'up', 'down'];
  return {
    name: `gatedFeedForward: ${label({ x, f, activation, hasResidual })}`,
    inputs: () => ({
      x: randomTensor(x, 1),
      gate: randomTensor([f, d], 2),
      up: randomTensor([f, d], 3),
      down: randomTensor([d, f], 4),
      ...(hasResidual ? { residual: randomTensor(x, 5) } : {}),
    }),
    differentiable: ['x', ...weights, ...(hasResidual ? ['residual'] : [])],
    run: ({ x: input, gate, up, down, residual }) => [
      gatedFeedForward(input!, { gate: gate!, up: up!, down: down! }, { activation, residual }),
    ],
    formula: ({ x: input, gate, up, down, residual }) => [
      formulas.feedForward(input!, [gate!, up!, down!], gates[activation]).map((y, i) => y + (residual?.data[i] ?? 0)),
    ],
    tolerance: TOLERANCE,
  };
}

export const feedForwardCases = (['silu', 'gelu-tanh'] as const).flatMap((activation) =>
  [false, true].flatMap((hasResidual) => [
    feedForwardCase([1], 1, 1, activation, hasResidual),
    feedForwardCase([2, 3], 7, 18, activation, hasResidual),
    feedForwardCase([5], 64, 130, activation, hasResidual),
    feedForwardCase([2, 65], 33, 96, activation, hasResidual),
  ]),
);
