import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { initialState, updateParameters } from './optimizer.ts';
import { trainingParameters } from './parameters.ts';

beforeAll(() => useBackend('cpu'));

const { optimizer } = trainingParameters.parse({ steps: 1, optimizer: { weightDecay: 0.5 } });

test('two steps are those of the published AdamW, with scaled gradients, and decay on matrices only', () => {
  const state = initialState({ matrix: tf.tensor2d([[2, -1]]), vector: tf.tensor1d([2, -1]) });
  const gradients = [
    [0.3, -0.2],
    [-0.1, 0.4],
  ];
  const learningRate = 0.01;
  const [matrix, vector] = [
    [2, -1],
    [2, -1],
  ];
  const m = [0, 0];
  const v = [0, 0];
  for (const [i, gradient] of gradients.entries()) {
    const step = i + 1;
    const doubled = gradient.map((g) => 2 * g);
    const tensors = { matrix: tf.tensor2d([doubled]), vector: tf.tensor1d(doubled) };
    updateParameters(state, tensors, optimizer, { learningRate, gradientScale: 0.5, step });
    // Algorithm 2 of Loshchilov & Hutter 2019, in float64.
    for (const j of [0, 1]) {
      m[j] = 0.9 * m[j]! + 0.1 * gradient[j]!;
      v[j] = 0.95 * v[j]! + 0.05 * gradient[j]! ** 2;
      const adam = m[j]! / (1 - 0.9 ** step) / (Math.sqrt(v[j]! / (1 - 0.95 ** step)) + 1e-8);
      matrix[j] = matrix[j]! - learningRate * (adam + 0.5 * matrix[j]!);
      vector[j] = vector[j]! - learningRate * adam;
    }
    tf.dispose(tensors);
  }
  // A few float32 roundings of numbers near 2.
  Array.from(state.parameters['matrix']!.dataSync()).forEach((x, j) => expect(x).toBeCloseTo(matrix[j]!, 6));
  Array.from(state.parameters['vector']!.dataSync()).forEach((x, j) => expect(x).toBeCloseTo(vector[j]!, 6));
  tf.dispose(state);
});

test('replaces tensors without leaking any', () => {
  const state = initialState({ matrix: tf.ones([2, 3]), vector: tf.ones([3]) });
  const gradients = { matrix: tf.ones([2, 3]), vector: tf.ones([3]) };
  const before = tf.memory().numTensors;
  for (let step = 1; step <= 3; step++) {
    updateParameters(state, gradients, optimizer, { learningRate: 0.1, gradientScale: 1, step });
  }
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([state, gradients]);
});
