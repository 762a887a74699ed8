import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { transposeMatrix } from './transpose-matrix.ts';

beforeAll(() => useBackend('wasm'));

test('transposes matrices of any size, in whole blocks of rows or not', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 31, 32, 33, 64, 96), fc.integer({ min: 1, max: 70 }), (m, n) => {
      const x = tf.reshape(tf.range(0, m * n), [m, n]);
      expect(transposeMatrix(x).arraySync()).toEqual(tf.transpose(x).arraySync());
    }),
    { seed: 1, numRuns: 40 },
  );
});
