/** @file Keys and values of int8: what attention makes of them, how far that is from float32, in which memory, and where there are none. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import {
  decoderConfig,
  extendContext,
  forward,
  initialWeights,
  logits,
  modelParameters,
  tensorsOf,
  type DecoderConfig,
  type KvPass,
  type KvPrecision,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { pagedMemory } from '../kv/index.ts';
import { Engine } from './engine.ts';
import { KvStore } from './kv-store.ts';

const sizes = { hiddenSize: 64, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 96, initializerRange: 0.2 };
const configOf = (family: string, own: object = {}) =>
  decoderConfig(modelParameters.parse({ family, ...sizes, ...own }), { vocabularySize: 61, contextLength: 64 });

const prompt = Array.from({ length: 60 }, (_, i) => (i * i + 7 * i) % 61);

/** What int8 stands for, of keys or values [..., h_d]; in float32, by tfjs. */
function nearestInt8(x: tf.Tensor): tf.Tensor {
  const scale = tf.div(tf.max(tf.abs(x), -1, true), 127);
  return tf.mul(tf.mul(tf.sign(x), tf.floor(tf.add(tf.abs(tf.div(x, scale)), 0.5))), scale);
}

/** The logits of all tokens of the prompt, [60, V]. @param change of keys and values before they are kept */
function logitsOf(config: DecoderConfig, precision: KvPrecision, change = (x: tf.Tensor) => x): Float32Array {
  const parameters = tensorsOf(initialWeights(config, 5));
  const memory = pagedMemory({ config, bytes: 2 ** 20, precision });
  const store = new KvStore(config, memory, precision);
  const kv = memory.add(prompt);
  if (kv === undefined) throw new Error('there is no room');
  memory.extend(kv, prompt.length);
  const pass = store.pass([{ kv, tokens: prompt }]);
  const cache: KvPass = { ...pass, append: (layer, { k, v }) => pass.append(layer, { k: change(k), v: change(v) }) };
  const scores = tf.tidy(() => {
    const hidden = forward(config, parameters, tf.tensor2d([prompt], undefined, 'int32'), { cache });
    return logits(config, parameters, hidden).dataSync<'float32'>();
  });
  store.dispose();
  tf.dispose(parameters);
  return scores;
}

/** Root mean square of the differences, as a share of b's. */
function differenceOf(a: Float32Array, b: Float32Array): number {
  return rms(a.map((x, i) => x - (b[i] ?? NaN))) / rms(b);
}

const rms = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

test('keys and values of int8 are refused where the backend has no kernels for them', async () => {
  await useBackend('cpu');
  const config = configOf('llama3');
  const parameters = tensorsOf(initialWeights(config, 5));
  const create = () => new Engine({ config, parameters }, { cachePrecision: 'int8' });
  expect(create).toThrow(UserError);
  expect(create).toThrow('a backend that has kernels for them: native');
});

describe.runIf(resolveBackend('auto') === 'native')('keys and values of int8', () => {
  beforeAll(() => useBackend('native'));

  test.each(['llama3', 'gemma2', 'gemma3', 'gemma3n'])('%s: attention reads what they stand for', (family) => {
    const config = configOf(family);
    const [int8, floats] = [logitsOf(config, 'int8'), logitsOf(config, 'f32', nearestInt8)];
    // The same sums in another order; where that has a number rounded otherwise, a step of max|x| / 127 is in one number of a few thousand.
    expect(differenceOf(int8, floats)).toBeLessThan(1e-3);
  });

  test.each(['llama3', 'gemma2', 'gemma3', 'gemma3n'])('%s: logits are close to those with float32', (family) => {
    const config = configOf(family);
    const difference = differenceOf(logitsOf(config, 'int8'), logitsOf(config, 'f32'));
    // An error is spread evenly over a step of max|x| / 127, which is about 0.6 % of numbers that are distributed normally. Scores, of about 2.6 here, are
    // wrong by 0.6 % of that, and so their softmax by 1.6 %; with values' 0.6 % that is 1.7 % of a layer's attention, and twice that of four layers'.
    expect(difference).toBeLessThan(0.035);
    expect(difference).toBeGreaterThan(0.001);
  });

  test('take little more than a quarter of the memory', async () => {
    const config = configOf('llama3'); // heads of 16
    const parameters = tensorsOf(initialWeights(config, 5));
    const [floats, int8] = (['f32', 'int8'] as const).map((cachePrecision) => {
      return new Engine({ config, parameters }, { cachePrecision, sequences: 2 });
    }) as [Engine, Engine];
    expect(floats.state().memory.capacity).toBe(2 * 64 * 4 * 2 * 2 * (4 * 16));
    expect(int8.state().memory.capacity).toBe(2 * 64 * 4 * 2 * 2 * (16 + 4));
    await floats.dispose();
    await int8.dispose();
    tf.dispose(parameters);
  });

  test('are refused where attention is not the kernels\u2019, or rows are no whole words', () => {
    const plain = configOf('llama3');
    const create = (config: DecoderConfig) => () =>
      new Engine({ config, parameters: tensorsOf(initialWeights(config, 5)) }, { cachePrecision: 'int8' });
    expect(create(configOf('llama3', { hiddenSize: 8, heads: 4, kvHeads: 1 }))).toThrow('1 heads of 2 in layer 0');
    expect(create(extendContext(plain, { method: 'dual-chunk', factor: 2 }))).toThrow('dual chunk attention');
  });
});
