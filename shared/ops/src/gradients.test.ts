import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import { addBias, logSumExp } from './index.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor } from './testing/errors.ts';

type Case = [string, (...xs: tf.Tensor[]) => tf.Tensor, number[][]];

const [a, b, c] = [[3, 4], [3, 1], [4]] as [number[], number[], number[]];
const cases: Case[] = [
  ['mul', (x, y) => tf.mul(x!, y!), [a, a]],
  ['mul by a column', (x, y) => tf.mul(x!, y!), [a, b]],
  ['mul of a row and a column', (x, y) => tf.mul(x!, y!), [c, b]],
  ['mul by a scalar', (x, y) => tf.mul(x!, y!), [a, []]],
  ['div', (x, y) => tf.div(x!, tf.sigmoid(y!)), [a, a]],
  ['div by a column', (x, y) => tf.div(x!, tf.sigmoid(y!)), [a, b]],
  ['sub of a row', (x, y) => tf.mul(tf.sub(x!, y!), x!), [a, c]],
  ['maximum', (x, y) => tf.mul(tf.maximum(x!, y!), x!), [a, c]],
  ['clipByValue', (x) => tf.mul(tf.clipByValue(x!, -0.5, 0.4), x!), [a]],
  ['sqrt', (x) => tf.sqrt(tf.mul(tf.square(x!), 2)), [a]],
  ['tanh', (x) => tf.tanh(x!), [a]],
  ['sigmoid', (x) => tf.sigmoid(x!), [a]],
  ['softmax', (x) => tf.softmax(x!), [a]],
  ['sum over the last axis', (x) => tf.mul(tf.sum(x!, -1, true), x!), [a]],
  ['sum over the first axis', (x) => tf.mul(tf.sum(x!, 0), x!), [a]],
  ['sum over all', (x) => tf.mul(tf.sum(x!), x!), [a]],
  ['mean over the last axis', (x) => tf.mul(tf.mean(x!, 1, true), x!), [a]],
  ['logSumExp', (x) => logSumExp(x!), [a]],
  ['slice', (x) => tf.slice(x!, [1, 2], [2, 1]), [a]],
  ['addN', (x, y) => tf.mul(tf.addN([x!, y!, x!]), y!), [a, a]],
  ['concat', (x, y) => tf.mul(tf.concat([x!, y!], 1), tf.concat([y!, x!], 1)), [a, [3, 2]]],
  ['addBias', (x, y) => addBias(x!, y!), [[2, 3, 4], c]],
];

describe.each(['cpu', resolveBackend('auto')] as BackendName[])('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(cases)('the gradient of %s matches finite differences', (_, f, shapes) => {
    const inputs = shapes.map((shape, i) => randomTensor(shape, i + 1));
    expect(gradientError((...xs) => f(...xs), inputs)).toBeLessThan(GRADIENT_TOLERANCE);
  });
});
