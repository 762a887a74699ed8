/** @file Cases of normalisations. */
import { rmsNorm } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, scaled, TOLERANCE, type OpCase } from './case.ts';

function rmsNormCase(leading: number[], d: number, factor = 1): OpCase {
  return {
    name: `rmsNorm: ${label({ x: [...leading, d], factor })}`,
    inputs: () => ({ x: scaled([...leading, d], 1, factor), weight: randomTensor([d], 2) }),
    differentiable: ['x', 'weight'],
    run: ({ x, weight }) => [rmsNorm(x!, weight!, { epsilon: 1e-5 })],
    formula: ({ x, weight }) => [formulas.rmsNorm(x!, weight!, 1e-5)],
    tolerance: TOLERANCE,
  };
}

export const rmsNormCases = [
  rmsNormCase([1], 2),
  rmsNormCase([1], 33),
  rmsNormCase([2, 3], 5),
  rmsNormCase([33], 64),
  rmsNormCase([2, 65], 127),
  rmsNormCase([700], 17),
  rmsNormCase([5], 288),
  rmsNormCase([7], 33, 1000),
  rmsNormCase([7], 33, 1e-3),
  rmsNormCase([3], 16, 0),
];
