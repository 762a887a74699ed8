import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamW, type AdamWState } from './adamw.ts';
import { useBackend } from './backends.ts';
import { randomTensor, relativeError } from './testing/errors.ts';

const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };

describe.each(['cpu', 'wasm'] as const)('adamW on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('three steps match algorithm 2 of the paper in float64', () => {
    const start = randomTensor([3, 5], 1);
    let state: AdamWState = { parameter: start, firstMoment: tf.zeros([3, 5]), secondMoment: tf.zeros([3, 5]) };
    const expected = Array.from(start.dataSync());
    const [m, v] = [expected.map(() => 0), expected.map(() => 0)];
    for (let step = 1; step <= 3; step++) {
      const gradient = randomTensor([3, 5], 10 + step);
      state = adamW(state, gradient, { ...options, step });
      gradient.dataSync().forEach((g, i) => {
        m[i] = 0.9 * m[i]! + 0.1 * g;
        v[i] = 0.95 * v[i]! + 0.05 * g * g;
        const [mHat, vHat] = [m[i]! / (1 - 0.9 ** step), v[i]! / (1 - 0.95 ** step)];
        expected[i]! -= 0.1 * (mHat / (Math.sqrt(vHat) + 1e-8) + 0.1 * expected[i]!);
      });
    }
    expect(relativeError(state.parameter, expected)).toBeLessThan(1e-6); // a few float32 roundings a step
    expect(relativeError(state.firstMoment, m)).toBeLessThan(1e-6);
    expect(relativeError(state.secondMoment, v)).toBeLessThan(1e-6);
  });

  test('a zero gradient only decays the parameter', () => {
    const state = { parameter: tf.tensor1d([1, -2]), firstMoment: tf.zeros([2]), secondMoment: tf.zeros([2]) };
    expect(relativeError(adamW(state, tf.zeros([2]), { ...options, step: 1 }).parameter, [0.99, -1.98])).toBeLessThan(
      1e-7,
    );
  });

  test('leaves its inputs alone and returns three new tensors', () => {
    const state = { parameter: tf.ones([2]), firstMoment: tf.zeros([2]), secondMoment: tf.zeros([2]) };
    const gradient = tf.ones([2]);
    const before = tf.memory().numTensors;
    adamW(state, gradient, { ...options, step: 1 });
    expect(tf.memory().numTensors).toBe(before + 3);
    expect(state.parameter.arraySync()).toEqual([1, 1]);
  });
});
