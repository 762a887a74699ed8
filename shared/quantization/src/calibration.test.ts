import { type BackendName, resolveBackend, useBackend } from '@arrowsmith/engine';
import {
  decoderConfig,
  type DecoderConfig,
  forward,
  initialWeights,
  modelParameters,
  tensorsOf,
  type Weights,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCalibration, type InputStatistics } from './calibration.ts';

const contextLength = 8;
const sizes = { hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 12, initializerRange: 0.5 };
const configOf = (more: object = {}) =>
  decoderConfig(modelParameters.parse({ ...sizes, ...more }), { vocabularySize: 13, contextLength });

const ids = Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6, 2, 7, 1, 8, 2, 8, 1, 0);
/** The last three tokens are padding. */
const counts = Array.from(ids, (_, token) => token < 13);
const idTensor = () => tf.tensor2d(ids, [2, contextLength], 'int32');

/** Passes of the batch with weights. @returns what the last layer makes [b s, d] */
function streamOf(config: DecoderConfig, weights: Weights): Float32Array {
  return tf.tidy(() => {
    let stream: Float32Array | undefined;
    const onLayer = (_: number, [made]: readonly tf.Tensor[]) => (stream = made!.dataSync<'float32'>().slice());
    forward(config, tensorsOf(weights), idTensor(), { onLayer });
    return stream!;
  });
}

async function calibrate(config: DecoderConfig, weights: Weights, passes = 1) {
  const parameters = tensorsOf(weights);
  const calibration = createCalibration(config, parameters, { products: true });
  for (let pass = 0; pass < passes; pass++)
    await calibration.see(() => forward(config, parameters, idTensor()), counts);
  tf.dispose(parameters);
  return calibration.inputs;
}

/** Σ ‖Δ x‖² over the inputs x, of a matrix Δ [out, in]. */
function changeOf(delta: Float64Array, { products, squares }: InputStatistics): number {
  const n = squares.length;
  let sum = 0;
  for (let row = 0; row < delta.length; row += n)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) sum += delta[row + i]! * products[i * n + j]! * delta[row + j]!;
  return sum;
}

/** A model whose matrix differs by a matrix Δ that has no pattern. @param at where it begins in a stack */
function changed(weights: Weights, name: string, at: number, size: number): { weights: Weights; delta: Float64Array } {
  const delta = Float64Array.from({ length: size }, (_, i) => 0.1 * Math.sin(7 * i + 1));
  const data = weights[name]!.data.slice();
  for (let i = 0; i < size; i++) data[at + i]! += delta[i]!;
  return { weights: { ...weights, [name]: { ...weights[name]!, data } }, delta };
}

const squaredDifference = (a: Float32Array, b: Float32Array, tokens: number): number =>
  a.subarray(0, tokens * sizes.hiddenSize).reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);

describe.each([...new Set<BackendName>(['cpu', resolveBackend('auto')])])('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('says by how much a change of a matrix changes its products', async () => {
    const config = configOf();
    const weights = initialWeights(config, 1);
    const name = 'model.layers.0.mlp.down_proj.weight';
    const other = changed(weights, name, 0, 8 * 12);
    const expected = squaredDifference(streamOf(config, other.weights), streamOf(config, weights), 13);
    const [statistics] = (await calibrate(config, weights)).get(name)!;
    expect(statistics!.count).toBe(13);
    // both sides are float32
    expect(changeOf(other.delta, statistics!) / expected).toBeCloseTo(1, 4);
  });

  test('says so of each expert', async () => {
    const config = configOf({ moe: { experts: 3, topK: 2, router: 'softmax' } });
    const weights = initialWeights(config, 1);
    const name = 'model.layers.0.mlp.experts.down_proj.weight';
    const experts = (await calibrate(config, weights)).get(name)!;
    expect(experts.map(({ count }) => count).reduce((a, b) => a + b)).toBe(16 * 2);
    // An expert without tokens has seen nothing.
    for (const { count, squares } of experts) expect(count === 0).toBe(squares.every((sum) => sum === 0));
  });

  test('knows the inputs of every matrix that is multiplied with, and shares those of the same input', async () => {
    for (const tieWordEmbeddings of [true, false]) {
      const config = configOf({ tieWordEmbeddings });
      const weights = initialWeights(config, 1);
      const inputs = await calibrate(config, weights);
      const matrices = Object.keys(weights).filter((name) => weights[name]!.shape.length === 2);
      const looked = tieWordEmbeddings ? [] : ['model.embed_tokens.weight'];
      expect([...inputs.keys()].sort()).toEqual(matrices.filter((name) => !looked.includes(name)).sort());
      const of = (part: string) => inputs.get(`model.layers.0.${part}.weight`);
      expect(of('self_attn.q_proj')).toBe(of('self_attn.v_proj'));
      expect(of('mlp.gate_proj')).toBe(of('mlp.up_proj'));
      expect(of('mlp.gate_proj')).not.toBe(of('self_attn.q_proj'));
    }
  });

  test('sums over passes, of which tokens that do not count are left out', async () => {
    const config = configOf();
    const weights = initialWeights(config, 1);
    const name = 'model.embed_tokens.weight';
    const [one] = (await calibrate(config, weights, 1)).get(name)!;
    const [two] = (await calibrate(config, weights, 2)).get(name)!;
    expect(two!.count).toBe(26);
    const hidden = tf.tidy(() => forward(config, tensorsOf(weights), idTensor()).dataSync<'float32'>().slice());
    for (let channel = 0; channel < 8; channel++) {
      const column = Array.from({ length: 13 }, (_, token) => hidden[8 * token + channel]!);
      const square = column.reduce((sum, x) => sum + x * x, 0);
      // sums of float32
      expect(one!.squares[channel]! / square).toBeCloseTo(1, 5);
      expect(two!.products[channel * 8 + channel]! / (2 * square)).toBeCloseTo(1, 5);
      expect(two!.maxima[channel]).toBeCloseTo(Math.max(...column.map(Math.abs)), 6);
      expect(one!.magnitudes[channel]! / column.reduce((sum, x) => sum + Math.abs(x), 0)).toBeCloseTo(1, 5);
    }
  });

  test('keeps no tensors', async () => {
    const before = tf.memory().numTensors;
    const config = configOf();
    await calibrate(config, initialWeights(config, 1));
    expect(tf.memory().numTensors).toBe(before);
  });
});
