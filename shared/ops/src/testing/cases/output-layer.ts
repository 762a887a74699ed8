/** @file Cases of the output layer and its loss. */
import * as tf from '@tensorflow/tfjs-core';
import { linearCrossEntropy, logits, type LogitOptions, tokenLosses } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, scaled, STEEP_TOLERANCE, TOLERANCE, type OpCase } from './case.ts';

/** @param targetOf the target of a row; −1 for none */
function outputCases(
  what: string,
  [n, d, vocabularySize]: [number, number, number],
  targetOf: (i: number) => number,
  factor = 1,
  options: LogitOptions = {},
): OpCase[] {
  const shapes = label({ x: [n, d], weight: [vocabularySize, d], ...(factor === 1 ? {} : { factor }), ...options });
  const tolerance = factor === 1 ? TOLERANCE : STEEP_TOLERANCE;
  const inputs = () => ({
    x: randomTensor([n, d], 1),
    weight: scaled([vocabularySize, d], 2, factor),
    targets: tf.tensor1d(
      Int32Array.from({ length: n }, (_, i) => targetOf(i)),
      'int32',
    ),
  });
  return [
    {
      name: `linearCrossEntropy: ${what}, ${shapes}`,
      inputs,
      differentiable: ['x', 'weight'],
      run: ({ x, weight, targets }) => [linearCrossEntropy(x!, weight!, targets!, options)],
      formula: ({ x, weight, targets }) => [formulas.linearCrossEntropy(x!, weight!, targets!, options)],
      tolerance,
    },
    {
      name: `tokenLosses: ${what}, ${shapes}`,
      inputs,
      differentiable: [],
      run: ({ x, weight, targets }) => [tokenLosses(x!, weight!, targets!, options)],
      formula: ({ x, weight, targets }) => [formulas.tokenLosses(x!, weight!, targets!, options)],
      tolerance,
    },
  ];
}

function logitsCase(x: number[], vocabularySize: number, options: LogitOptions): OpCase {
  const d = x.at(-1)!;
  return {
    name: `logits: ${label({ x, weight: [vocabularySize, d], ...options })}`,
    inputs: () => ({ x: randomTensor(x, 1), weight: randomTensor([vocabularySize, d], 2) }),
    differentiable: ['x', 'weight'],
    run: (inputs) => [logits(inputs['x']!, inputs['weight']!, options)],
    formula: (inputs) => [formulas.logits(inputs['x']!, inputs['weight']!, options)],
    tolerance: TOLERANCE,
  };
}

export const outputLayerCases = [
  ...outputCases('one row, two tokens', [1, 1, 2], () => 1),
  ...outputCases('one token', [3, 4, 1], () => 0),
  ...outputCases('every token', [33, 17, 33], (i) => i),
  ...outputCases('some without a target', [7, 4, 9], (i) => [3, 0, -1, 8, -1, 3, 5][i]!),
  ...outputCases('none with a target', [7, 4, 9], () => -1),
  ...outputCases('first and last without a target', [130, 64, 257], (i) => (i % 129 === 0 ? -1 : (i * 7) % 257)),
  ...outputCases('many rows', [700, 18, 130], (i) => (i * i) % 130),
  ...outputCases('steep logits', [33, 8, 65], (i) => (i % 5 === 0 ? -1 : i), 300),
  ...[{ scale: 0.25 }, { softCap: 3 }, { scale: 3, softCap: 2 }].flatMap((options) => [
    ...outputCases('some without a target', [7, 4, 9], (i) => [3, 0, -1, 8, -1, 3, 5][i]!, 1, options),
    ...outputCases('many rows', [700, 18, 130], (i) => (i * i) % 130, 1, options),
    logitsCase([2, 7, 4], 33, options),
  ]),
  ...outputCases('capped steep logits', [33, 8, 65], (i) => (i % 5 === 0 ? -1 : i), 10, { softCap: 30 }),
  logitsCase([5, 4], 9, {}),
];
