import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { geglu } from './geglu.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';

describe.each(['cpu', 'wasm'] as const)('geglu on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('is gelu(gate) · up, within the error of the approximation by tanh', () => {
    // x Φ(x), Φ from a table of the normal distribution.
    const exact = [-0.158655, -0.154269, 0, 0.345731, 0.841345, 1.9545];
    const gate = tf.tensor1d([-1, -0.5, 0, 0.5, 1, 2]);
    expect(relativeError(geglu(gate, tf.ones([6])), exact)).toBeLessThan(5e-4);
    expect(relativeError(geglu(gate, tf.mul(tf.ones([6]), -3)), exact.map((y) => -3 * y))).toBeLessThan(5e-4); // prettier-ignore
  });

  test('its gradients match finite differences', () => {
    expect(
      gradientError((gate, up) => geglu(gate!, up!), [tf.mul(randomTensor([3, 7], 3), 2), randomTensor([3, 7], 4)]),
    ).toBeLessThan(GRADIENT_TOLERANCE);
  });
});
