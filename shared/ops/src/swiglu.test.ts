import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { swiglu } from './swiglu.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';

describe.each(['cpu', 'wasm'] as const)('swiglu on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('is gate · sigmoid(gate) · up', () => {
    const [gate, up] = [tf.mul(randomTensor([3, 7], 1), 5), randomTensor([3, 7], 2)];
    const ups = up.dataSync();
    const expected = Array.from(gate.dataSync(), (g, i) => (g / (1 + Math.exp(-g))) * ups[i]!);
    expect(relativeError(swiglu(gate, up), expected)).toBeLessThan(1e-6); // a few float32 roundings
  });

  test('its gradients match finite differences', () => {
    expect(
      gradientError((gate, up) => swiglu(gate!, up!), [tf.mul(randomTensor([3, 7], 3), 2), randomTensor([3, 7], 4)]),
    ).toBeLessThan(GRADIENT_TOLERANCE);
  });
});
