import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { measureCase, opCases, runCase } from './testing/cases.ts';

test('every case has a name of its own', () => {
  expect(new Set(opCases.map(({ name }) => name)).size).toBe(opCases.length);
});

describe.each(['cpu', 'wasm'] as const)(
  'on %s, values and gradients are those of the formula in float64:',
  (backend) => {
    beforeAll(() => useBackend(backend));

    test.each(opCases)('$name', (opCase) => {
      const before = tf.memory().numTensors;
      const errors = measureCase(opCase, runCase(opCase));
      expect(errors.values).toBeLessThan(opCase.tolerance);
      expect(errors.gradients).toBeLessThan(opCase.tolerance);
      expect(tf.memory().numTensors).toBe(before);
    });
  },
);
