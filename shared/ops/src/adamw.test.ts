import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamW, type AdamWState } from './adamw.ts';
import { useBackend } from '@arrowsmith/engine';
import { randomTensor, relativeError } from './testing/errors.ts';

const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, gradientScale: 1 };

/** A parameter before its first update. */
const stateOf = (parameter: tf.Tensor): AdamWState => ({
  parameter,
  firstMoment: tf.zeros(parameter.shape),
  secondMoment: tf.zeros(parameter.shape),
});

describe.each(['cpu', 'wasm'] as const)('adamW on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('three steps of several parameters match algorithm 2 of the paper in float64', () => {
    const shapes = [[3, 5], [7], [1, 1, 2]];
    const weightDecays = [0.1, 0, 0.3];
    let states = shapes.map((shape, i) => stateOf(randomTensor(shape, i)));
    const expected = states.map(({ parameter }) => Array.from(parameter.dataSync(), (p) => ({ p, m: 0, v: 0 })));
    for (let step = 1; step <= 3; step++) {
      const gradients = shapes.map((shape, i) => randomTensor(shape, 10 * step + i));
      states = adamW(states, gradients, { ...options, weightDecays, step, gradientScale: 0.25 });
      gradients.forEach((gradient, i) => {
        gradient.dataSync().forEach((unscaled, j) => {
          const [g, state] = [unscaled / 4, expected[i]![j]!];
          state.m = 0.9 * state.m + 0.1 * g;
          state.v = 0.95 * state.v + 0.05 * g * g;
          const [mHat, vHat] = [state.m / (1 - 0.9 ** step), state.v / (1 - 0.95 ** step)];
          state.p -= 0.1 * (mHat / (Math.sqrt(vHat) + 1e-8) + weightDecays[i]! * state.p);
        });
      });
    }
    states.forEach(({ parameter, firstMoment, secondMoment }, i) => {
      const of = (name: 'p' | 'm' | 'v') => expected[i]!.map((state) => state[name]);
      expect(parameter.shape).toEqual(shapes[i]);
      // a few float32 roundings a step
      expect(relativeError(parameter, of('p'))).toBeLessThan(1e-6);
      expect(relativeError(firstMoment, of('m'))).toBeLessThan(1e-6);
      expect(relativeError(secondMoment, of('v'))).toBeLessThan(1e-6);
    });
  });

  test('a zero gradient only decays the parameter', () => {
    const states = [stateOf(tf.tensor1d([1, -2]))];
    const [updated] = adamW(states, [tf.zeros([2])], { ...options, weightDecays: [0.1], step: 1 });
    expect(relativeError(updated!.parameter, [0.99, -1.98])).toBeLessThan(1e-7);
  });

  test('takes over the states, and leaves the gradients alone', () => {
    const states = [stateOf(tf.ones([2])), stateOf(tf.ones([3]))];
    const gradients = [tf.ones([2]), tf.ones([3])];
    const before = { ...tf.memory(), dataIds: tf.backend().numDataIds() };
    const updated = adamW(states, gradients, { ...options, weightDecays: [0, 0], step: 1 });
    expect({ ...tf.memory(), dataIds: tf.backend().numDataIds() }).toEqual(before);
    expect(states.flatMap((state) => Object.values(state)).every((tensor) => tensor.isDisposed)).toBe(true);
    expect(gradients[1]!.arraySync()).toEqual([1, 1, 1]);
    expect(updated[1]!.secondMoment.shape).toEqual([3]);
  });

  test('a copy of a parameter keeps its values when the parameter is updated', () => {
    const states = [stateOf(tf.tensor1d([1, 2]))];
    const copy = tf.clone(states[0]!.parameter);
    adamW(states, [tf.ones([2])], { ...options, weightDecays: [0], step: 1 });
    expect(copy.arraySync()).toEqual([1, 2]);
  });
});
