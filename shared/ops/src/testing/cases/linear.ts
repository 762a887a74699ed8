/** @file Cases of linear maps. */
import { addBias, linearAdd, linears } from '../../index.ts';
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

/** @param heads that x is cut into, and @param headDim of what the values are cut into; 0: not */
function headsCase(leading: number[], input: number, outs: number[], heads: number, headDim: number): OpCase {
  const plain = linearCase(leading, input, outs);
  const cut = heads === 0 ? [input] : [heads, input / heads];
  return {
    ...plain,
    name: `${plain.name}, ${label({ heads, headDim })}`,
    inputs: () => ({ ...plain.inputs(), x: randomTensor([...leading, ...cut], 1) }),
    run: ({ x, ...tensors }) =>
      linears(
        x!,
        outs.map((_, i) => tensors[`weight${i}`]!),
        { headDim },
      ),
    formula: ({ x, ...plains }) => plain.formula({ x: { ...x!, shape: [...leading, input] }, ...plains }),
  };
}

function linearAddCase(leading: number[], input: number, out: number, heads = 0): OpCase {
  const cut = heads === 0 ? [input] : [heads, input / heads];
  return {
    name: `linearAdd: ${label({ x: [...leading, ...cut], out })}`,
    inputs: () => ({
      x: randomTensor([...leading, ...cut], 1),
      weight: randomTensor([out, input], 2),
      residual: randomTensor([...leading, out], 3),
    }),
    differentiable: ['x', 'weight', 'residual'],
    run: ({ x, weight, residual }) => [linearAdd(x!, weight!, residual!)],
    formula: ({ x, weight, residual }) => [
      formulas.linear({ ...x!, shape: [...leading, input] }, weight!).map((y, i) => y + residual!.data[i]!),
    ],
    tolerance: TOLERANCE,
  };
}

const biasCases = [[1], [3, 17], [2, 130, 70], [2, 3, 5, 8]].map((shape): OpCase => ({
  name: `addBias: ${label({ shape })}`,
  inputs: () => ({ x: randomTensor(shape, 1), bias: randomTensor([shape.at(-1)!], 2) }),
  differentiable: ['x', 'bias'],
  run: ({ x, bias }) => [addBias(x!, bias!)],
  formula: ({ x, bias }) => [Array.from(x!.data, (value, i) => value + bias!.data[i % bias!.data.length]!)],
  tolerance: TOLERANCE,
}));

export const linearCases = [
  ...biasCases,
  headsCase([2, 5], 12, [12, 6], 3, 6),
  headsCase([2, 65], 48, [48, 24], 0, 8),
  headsCase([7], 33, [20], 11, 0),
  linearAddCase([1], 1, 1),
  linearAddCase([2, 3], 7, 5),
  linearAddCase([5], 300, 130),
  linearAddCase([2, 65], 33, 96),
  linearAddCase([130], 800, 70),
  linearAddCase([2, 33], 48, 40, 6),
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
