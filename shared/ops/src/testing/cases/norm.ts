/** @file Cases of normalisations. */
import * as tf from '@tensorflow/tfjs-core';
import { layerNorm, rmsNorm, rmsNormResidual } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, scaled, TOLERANCE, type OpCase } from './case.ts';

/** @param kind how the normed values are scaled: by a weight, by 1 + weight, or not at all */
function rmsNormCase(
  leading: number[],
  d: number,
  factor = 1,
  kind: 'weight' | 'unitOffset' | 'no weight' = 'weight',
): OpCase {
  const unitOffset = kind === 'unitOffset';
  const weighted = kind !== 'no weight';
  return {
    name: `rmsNorm: ${label({ x: [...leading, d], factor })}${kind === 'weight' ? '' : `, ${kind}`}`,
    inputs: () => ({ x: scaled([...leading, d], 1, factor), ...(weighted ? { weight: randomTensor([d], 2) } : {}) }),
    differentiable: weighted ? ['x', 'weight'] : ['x'],
    run: (inputs) => [rmsNorm(inputs['x']!, inputs['weight'], { epsilon: 1e-5, unitOffset })],
    formula: (inputs) => [formulas.rmsNorm(inputs['x']!, inputs['weight'], 1e-5, unitOffset)],
    tolerance: TOLERANCE,
  };
}

/** The norm of a residual stream, and the stream. */
function residualCase(plain: OpCase): OpCase {
  const unitOffset = plain.name.endsWith('unitOffset');
  return {
    ...plain,
    name: plain.name.replace('rmsNorm', 'rmsNormResidual'),
    run(inputs) {
      const { normed, residual } = rmsNormResidual(inputs['x']!, inputs['weight'], { epsilon: 1e-5, unitOffset });
      return [normed, residual];
    },
    formula: (inputs) => [...plain.formula(inputs), Array.from(inputs['x']!.data)],
  };
}

export const rmsNormCases = [
  residualCase(rmsNormCase([1], 2)),
  residualCase(rmsNormCase([2, 65], 127)),
  residualCase(rmsNormCase([700], 17, 1, 'unitOffset')),
  residualCase(rmsNormCase([5], 288, 1, 'no weight')),
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
  ...(['unitOffset', 'no weight'] as const).flatMap((kind) => [
    rmsNormCase([1], 2, 1, kind),
    rmsNormCase([2, 7, 3], 33, 1, kind),
    rmsNormCase([700], 17, 1, kind),
    rmsNormCase([7], 64, 1000, kind),
  ]),
];

/** @param offset of all values, which the norm takes off again */
function layerNormCase(leading: number[], d: number, factor = 1, offset = 0): OpCase {
  return {
    name: `layerNorm: ${label({ x: [...leading, d], factor, offset })}`,
    inputs: () => ({
      x: tf.add(scaled([...leading, d], 1, factor), offset),
      weight: randomTensor([d], 2),
    }),
    differentiable: ['x', 'weight'],
    run: ({ x, weight }) => [layerNorm(x!, weight!, { epsilon: 1e-5 })],
    formula: ({ x, weight }) => [formulas.layerNorm(x!, weight!, 1e-5)],
    tolerance: TOLERANCE,
  };
}

export const layerNormCases = [
  layerNormCase([1], 2),
  layerNormCase([1], 33),
  layerNormCase([2, 3], 5),
  layerNormCase([33], 64),
  layerNormCase([2, 65], 127),
  layerNormCase([700], 17),
  layerNormCase([5], 288, 1, 1),
  layerNormCase([7], 33, 1000),
  layerNormCase([3], 16, 0),
];
