/** @file The backend webgpu's kernels on the cases of every operation. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { awaitCase, measureCase, opCases } from './testing/cases.ts';

describe('on webgpu, values and gradients are those of the formula in float64:', () => {
  beforeAll(async () => {
    await useBackend('cpu'); // which evaluates what is expected
    await useBackend('webgpu');
  });

  test.each(opCases)('$name', async (opCase) => {
    await tf.setBackend('webgpu');
    const before = tf.memory().numTensors;
    const result = await awaitCase(opCase);
    expect(tf.memory().numTensors).toBe(before);
    await tf.setBackend('cpu');
    const errors = measureCase(opCase, result);
    expect(errors.values).toBeLessThan(opCase.tolerance);
    expect(errors.gradients).toBeLessThan(opCase.tolerance);
  });
});
