/** @file Cases of gated activations. */
import { geglu, swiglu } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, scaled, TOLERANCE, type OpCase } from './case.ts';

const gates = [
  { name: 'swiglu', gated: swiglu, expected: formulas.swiglu },
  { name: 'geglu', gated: geglu, expected: formulas.geglu },
];

export const gateCases = gates.flatMap(({ name, gated, expected }) =>
  [
    { shape: [1], factor: 1 },
    { shape: [3, 7], factor: 4 },
    { shape: [2, 3, 33], factor: 4 },
    { shape: [130, 65], factor: 1 },
    { shape: [20_000], factor: 4 },
    { shape: [64], factor: 1000 },
  ].map(({ shape, factor }): OpCase => {
    return {
      name: `${name}: ${label({ shape, factor })}`,
      inputs: () => ({ gate: scaled(shape, 1, factor), up: randomTensor(shape, 2) }),
      differentiable: ['gate', 'up'],
      run: ({ gate, up }) => [gated(gate!, up!)],
      formula: ({ gate, up }) => [expected(gate!, up!)],
      tolerance: TOLERANCE,
    };
  }),
);
