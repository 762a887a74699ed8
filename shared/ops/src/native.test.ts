/**
 * @file The native backend's kernels on the cases of every operation, in both precisions, with any number of threads, and waiting for
 * each other. Skipped where it is not built; ARROWSMITH_ISA chooses another instruction set that is.
 */
import { nativeBuild } from '@arrowsmith/backend-native/build';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { queued } from '@arrowsmith/backend';
import { measureCase, opCases, runCase } from './testing/cases.ts';

const build = nativeBuild();

/** bfloat16 has 8 bits: a rounding is at most 2⁻⁹ of a number, and those of a sum's terms mostly cancel. */
const BF16_TOLERANCE = 2e-2;

describe.skipIf(!build.available)('on native, values and gradients are those of the formula in float64:', () => {
  beforeAll(() => useBackend('native'));

  test.each(opCases)('$name', (opCase) => {
    const before = tf.memory().numTensors;
    const errors = measureCase(opCase, runCase(opCase));
    expect(errors.values).toBeLessThan(opCase.tolerance);
    expect(errors.gradients).toBeLessThan(opCase.tolerance);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.skipIf(!build.available || !build.bf16)('on native with bfloat16, they are nearly so:', () => {
  beforeAll(() => useBackend('native', { precision: 'bf16' }));

  // Where scores are in the thousands, the rounding of a query moves the whole softmax.
  test.each(opCases.filter(({ name }) => !/magnitude/.test(name)))('$name', (opCase) => {
    const errors = measureCase(opCase, runCase(opCase));
    expect(errors.values).toBeLessThan(BF16_TOLERANCE);
    expect(errors.gradients).toBeLessThan(BF16_TOLERANCE);
  });
});

describe.skipIf(!build.available)(
  'on native, 1, 2 and 5 threads give the same bits, and kernels that wait do too:',
  () => {
    test.each(opCases)('$name', async (opCase) => {
      const bits: string[] = [];
      const add = ({ values, gradients }: ReturnType<typeof runCase>) =>
        bits.push([...values, ...Object.values(gradients)].map((x) => Buffer.from(x.buffer).toString('latin1')).join());
      for (const threads of [1, 2, 5]) {
        await useBackend('native', { threads });
        add(runCase(opCase));
      }
      add(queued(() => runCase(opCase)));
      expect(new Set(bits).size).toBe(1);
    });
  },
);
