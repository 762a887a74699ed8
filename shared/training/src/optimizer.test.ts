import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, modelParameters, parameterShapes } from '@arrowsmith/model';
import { initialState, learningRateFactors, muonNames, updateParameters } from './optimizer.ts';
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

const configOf = (model: object) =>
  decoderConfig(modelParameters.parse(model), { vocabularySize: 23, contextLength: 12 });

test('Muon updates matrices within layers, and stacks of them; tables, the output layer, gains and biases are AdamW’s', () => {
  const config = configOf({ family: 'qwen3-moe', layers: 1, tieWordEmbeddings: false, attentionBias: true });
  const byMuon = muonNames({ method: 'muon' }, config);
  const others = parameterShapes(config).flatMap(({ name }) => (byMuon.includes(name) ? [] : [name]));
  const within = (names: string[]) => names.map((name) => name.replace('model.layers.0.', ''));
  expect(within(byMuon.toSorted())).toEqual([
    'mlp.experts.down_proj.weight',
    'mlp.experts.gate_proj.weight',
    'mlp.experts.up_proj.weight',
    'mlp.gate.weight',
    ...['k', 'o', 'q', 'v'].map((each) => `self_attn.${each}_proj.weight`),
  ]);
  expect(within(others)).toContain('model.embed_tokens.weight');
  expect(within(others)).toContain('lm_head.weight');
  expect(within(others)).toContain('self_attn.q_proj.bias');
  expect(muonNames({ method: 'adamw' }, config)).toEqual([]);
  expect(muonNames({ method: 'muon' }, config, ['a', 'b'])).toEqual(['a', 'b']);
});

test('has no second moment of what Muon updates, and moves it by an orthogonal matrix as large as AdamW’s update is', () => {
  const muon = { ...optimizer, weightDecay: 0 };
  const state = initialState({ matrix: tf.zeros([4, 8]), table: tf.zeros([4, 8]) }, ['matrix']);
  expect(Object.keys(state.firstMoments)).toEqual(['matrix', 'table']);
  expect(Object.keys(state.secondMoments)).toEqual(['table']);
  const gradient = tf.randomNormal([4, 8], 0, 1, 'float32', 1);
  const before = tf.memory().numTensors;
  const gradients = { matrix: gradient, table: gradient };
  updateParameters(state, gradients, muon, { learningRate: 0.01, gradientScale: 1, step: 1 });
  expect(tf.memory().numTensors).toBe(before);
  const moved = state.parameters['matrix']! as tf.Tensor2D;
  const gram = tf.matMul(moved, moved, false, true);
  // The diagonal has means of squared singular values, which are 0.7 to 1.2 times the update's size.
  const size = 0.01 * 0.2 * Math.sqrt(8);
  const values = gram.dataSync();
  for (let i = 0; i < 4; i++) {
    const value = values[5 * i]!;
    expect(value / size ** 2).toBeGreaterThan(0.6 ** 2);
    expect(value / size ** 2).toBeLessThan(1.25 ** 2);
  }
  tf.dispose([state, gradient, gram]);
});

test('under µP Muon’s rate falls with the root of the width, AdamW’s with the width', () => {
  const config = configOf({ layers: 1, hiddenSize: 128, mupBaseHiddenSize: 32 });
  const name = 'model.layers.0.self_attn.q_proj.weight';
  expect(learningRateFactors(config)[name]).toBe(1 / 4);
  expect(learningRateFactors(config, { method: 'muon' })[name]).toBe(1 / 2);
  expect(learningRateFactors(config, { method: 'muon' })['model.embed_tokens.weight']).toBe(1);
});
