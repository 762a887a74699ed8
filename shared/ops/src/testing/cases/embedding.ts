/** @file Cases of embeddings. */
import * as tf from '@tensorflow/tfjs-core';
import { embedding } from '../../index.ts';
import { randomTensor } from '../errors.ts';
import * as formulas from '../formulas.ts';
import { label, TOLERANCE, type OpCase } from './case.ts';

/** @param idOf the id at a place */
function embeddingCase(
  what: string,
  shape: number[],
  [vocabularySize, d]: [number, number],
  idOf: (i: number) => number,
): OpCase {
  const size = shape.reduce((product, length) => product * length, 1);
  return {
    name: `embedding: ${what}, ${label({ ids: shape, weight: [vocabularySize, d] })}`,
    inputs: () => ({
      weight: randomTensor([vocabularySize, d], 1),
      ids: tf.tensor(
        Int32Array.from({ length: size }, (_, i) => idOf(i)),
        shape,
        'int32',
      ),
    }),
    differentiable: ['weight'],
    run: ({ weight, ids }) => [embedding(weight!, ids!)],
    formula: ({ weight, ids }) => [formulas.embedding(weight!, ids!)],
    tolerance: TOLERANCE,
  };
}

export const embeddingCases = [
  embeddingCase('the only row', [1, 1], [1, 1], () => 0),
  embeddingCase('first and last row, rows never used', [2, 2], [5, 3], (i) => [4, 0, 4, 2][i]!),
  embeddingCase('one row again and again', [2, 65], [7, 33], () => 6),
  embeddingCase('rows in turn', [3, 130], [17, 64], (i) => (i * 5) % 17),
  embeddingCase('more rows than uses', [1, 7], [1000, 18], (i) => i * 150),
];
