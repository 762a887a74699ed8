/** @file Cases of sums with coefficients by position, and of mean squares. */
import { meanSquare, mixCopies } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, TOLERANCE, type OpCase } from './case.ts';

const mixCases = [
  { shape: [1, 1], m: 1, r: 1 },
  { shape: [2, 3, 17], m: 4, r: 4 },
  { shape: [2, 5, 33], m: 5, r: 4 },
  { shape: [300, 70], m: 2, r: 3 },
].map(({ shape, m, r }): OpCase => {
  const names = Array.from({ length: m }, (_, i) => `copy${i}`);
  return {
    name: `mixCopies: ${label({ shape, m, r })}`,
    inputs: () => ({
      coefficients: randomTensor([...shape.slice(0, -1), r * m], 1),
      ...Object.fromEntries(names.map((name, i) => [name, randomTensor(shape, 2 + i)])),
    }),
    differentiable: ['coefficients', ...names],
    run: ({ coefficients, ...copies }) =>
      mixCopies(
        names.map((name) => copies[name]!),
        coefficients!,
      ),
    formula: ({ coefficients, ...copies }) =>
      formulas.mixCopies(
        names.map((name) => copies[name]!),
        coefficients!,
      ),
    tolerance: TOLERANCE,
  };
});

const meanSquareCases = [[1], [3, 17], [2, 40, 130]].map((shape): OpCase => ({
  name: `meanSquare: ${label({ x: shape })}`,
  inputs: () => ({ x: randomTensor(shape, 1) }),
  differentiable: ['x'],
  run: ({ x }) => [meanSquare(x!)],
  formula: ({ x }) => [formulas.meanSquare(x!)],
  tolerance: TOLERANCE,
}));

export const mixCopiesCases = [...mixCases, ...meanSquareCases];
