/** @file Cases of small operations on rows and elements. */
import * as tf from '@tensorflow/tfjs-core';
import {
  columnMeans,
  gaussianTopK,
  logSumExp,
  scale,
  scaleColumns,
  scalePositions,
  normalizeSum,
  sigmoid,
  softmax,
} from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import type { Plain } from '../formulas.ts';
import { label, type OpCase, scaled, TOLERANCE } from './case.ts';

function rowCase(
  name: string,
  shape: number[],
  factor: number,
  run: (x: tf.Tensor) => tf.Tensor,
  formula: (x: Plain) => number[],
): OpCase {
  return {
    name: `${name}: ${label({ x: shape, factor })}`,
    inputs: () => ({ x: scaled(shape, 1, factor) }),
    differentiable: ['x'],
    run: ({ x }) => [run(x!)],
    formula: ({ x }) => [formula(x!)],
    tolerance: TOLERANCE,
  };
}

const shapes = [
  [1, 2],
  [3, 7],
  [2, 3, 33],
  [130, 65],
  [700, 8],
];

/** Of two numbers, one is a deviation above the mean, and its place relative to a cut-off there is a matter of rounding. */
const sparsities = [0.3, 0.5, 0.95];

const matrixShapes = shapes.filter(({ length }) => length === 2);

export const rowCases = [
  ...matrixShapes.map((shape) => rowCase('logSumExp', shape, 4, logSumExp, formulas.logSumExp)),
  rowCase('logSumExp', [3, 40], 50, logSumExp, formulas.logSumExp),
  ...matrixShapes.map((shape) => rowCase('columnMeans', shape, 4, columnMeans, formulas.columnMeans)),
  // Positive numbers, as what a router chooses of: quotients by a sum near 0 would be anything.
  ...matrixShapes.map((shape): OpCase => ({
    name: `normalizeSum: ${label({ x: shape })}`,
    inputs: () => ({ x: tf.add(randomTensor(shape, 1), 1.5) }),
    differentiable: ['x'],
    run: ({ x }) => [normalizeSum(x!)],
    formula: ({ x }) => [formulas.normalizeSum(x!)],
    tolerance: TOLERANCE,
  })),
  ...matrixShapes.map((shape): OpCase => ({
    name: `scaleColumns: ${label({ x: shape })}`,
    inputs: () => ({ x: randomTensor(shape, 1), factors: randomTensor([shape[1]!], 2) }),
    differentiable: ['x', 'factors'],
    run: ({ x, factors }) => [scaleColumns(x!, factors!)],
    formula: ({ x, factors }) => [Array.from(x!.data, (value, at) => value * factors!.data[at % shape[1]!]!)],
    tolerance: TOLERANCE,
  })),
  ...shapes.map((shape) => rowCase('softmax', shape, 4, softmax, formulas.softmax)),
  rowCase('softmax', [3, 40], 50, softmax, formulas.softmax),
  rowCase('sigmoid', [3, 7], 4, sigmoid, formulas.sigmoid),
  rowCase(
    'scale',
    [3, 7],
    1,
    (x) => scale(x, -2.5),
    (x) => Array.from(x.data, (value) => -2.5 * value),
  ),
  ...sparsities.flatMap((sparsity) =>
    shapes.slice(1).map((shape) =>
      rowCase(
        `gaussianTopK ${sparsity}`,
        shape,
        2,
        (x) => gaussianTopK(x, { sparsity }),
        (x) => formulas.gaussianTopK(x, { 0.3: -0.524400512708041, 0.5: 0, 0.95: 1.6448536269514722 }[sparsity]!),
      ),
    ),
  ),
  ...[
    [1, 1, 1],
    [2, 7, 3, 8],
    [3, 65, 33],
  ].map((shape): OpCase => ({
    name: `scalePositions: ${label({ x: shape })}`,
    inputs: () => ({ x: randomTensor(shape, 1), factors: randomTensor([shape[1]!], 2) }),
    differentiable: ['x'],
    run: ({ x, factors }) => [scalePositions(x!, factors!)],
    formula: ({ x, factors }) => [formulas.scalePositions(x!, factors!)],
    tolerance: TOLERANCE,
  })),
];
