import { UserError } from '@arrowsmith/errors';
import { describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { modelParameters } from './model-parameters.ts';
import { parameterShapes } from './modules.ts';
import { checkWeights, countParameters, initialWeights } from './parameters.ts';

const configOf = (changes: object = {}) =>
  decoderConfig(
    modelParameters.parse({ hiddenSize: 64, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 96, ...changes }),
    { vocabularySize: 100, contextLength: 16 },
  );

const deviation = (data: Float32Array) => Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);

describe('the number of parameters', () => {
  test('of Llama 3.2 1B is the published 1,235,814,400', () => {
    const config = decoderConfig(
      modelParameters.parse({ hiddenSize: 2048, layers: 16, heads: 32, kvHeads: 8, intermediateSize: 8192 }),
      { vocabularySize: 128256, contextLength: 131072 },
    );
    expect(countParameters(config)).toBe(1_235_814_400);
  });

  test('counts an untied output layer', () => {
    expect(countParameters(configOf({ tieWordEmbeddings: false })) - countParameters(configOf())).toBe(100 * 64);
  });
});

describe('initial weights', () => {
  test('are a function of the seed', () => {
    expect(initialWeights(configOf(), 1)).toEqual(initialWeights(configOf(), 1));
    expect(initialWeights(configOf(), 1)).not.toEqual(initialWeights(configOf(), 2));
  });

  test('differ between tensors of the same shape', () => {
    const weights = initialWeights(configOf(), 1);
    expect(weights['model.layers.0.mlp.gate_proj.weight']).not.toEqual(weights['model.layers.0.mlp.up_proj.weight']);
    expect(weights['model.layers.0.mlp.up_proj.weight']).not.toEqual(weights['model.layers.1.mlp.up_proj.weight']);
  });

  test('of one layer more are the same in the layers that both have, but for the residual projections’ scale', () => {
    const [two, three] = [initialWeights(configOf(), 1), initialWeights(configOf({ layers: 3 }), 1)];
    const q = 'model.layers.1.self_attn.q_proj.weight';
    expect(three[q]).toEqual(two[q]);
    const o = 'model.layers.1.self_attn.o_proj.weight';
    expect(deviation(three[o]!.data) / deviation(two[o]!.data)).toBeCloseTo(Math.sqrt(2 / 3), 5);
  });

  test('are normal with the given deviation, residual projections with 1/sqrt(2 layers) of it, norms ones', () => {
    const weights = initialWeights(configOf({ initializerRange: 0.1 }), 1);
    const { data } = weights['model.embed_tokens.weight']!; // 6400 values
    // Sampling errors: 0.1 / sqrt(6400) = 0.00125 of the mean, 0.1 / sqrt(2 · 6400) = 0.0009 of the deviation; four of each.
    expect(Math.abs(data.reduce((sum, x) => sum + x, 0) / data.length)).toBeLessThan(0.005);
    expect(Math.abs(deviation(data) - 0.1)).toBeLessThan(0.0036);
    // 68.27 % of a normal distribution lies within one deviation, 95.45 % within two; sampling errors 0.6 % and 0.3 %.
    const within = (limit: number) => data.filter((x) => Math.abs(x) < limit).length / data.length;
    expect(Math.abs(within(0.1) - 0.6827)).toBeLessThan(0.024);
    expect(Math.abs(within(0.2) - 0.9545)).toBeLessThan(0.011);
    expect(Math.abs(deviation(weights['model.layers.1.mlp.down_proj.weight']!.data) - 0.05)).toBeLessThan(0.002);
    expect(new Set(weights['model.norm.weight']!.data)).toEqual(new Set([1]));
  });

  test('have finite values for every seed that is an integer', () => {
    for (const seed of [0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      const { data } = initialWeights(configOf(), seed)['model.embed_tokens.weight']!;
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });
});

const weightsWith = (changes: object) => ({ ...initialWeights(configOf(), 1), ...changes }) as never;

describe('checkWeights', () => {
  test('accepts the weights of the configuration, in any order', () => {
    const entries = Object.entries(initialWeights(configOf(), 1));
    checkWeights(configOf(), Object.fromEntries(entries.toReversed()), 'x.arrow');
    expect(entries.map(([name]) => name)).toEqual(parameterShapes(configOf()).map(({ name }) => name));
  });

  test.each([
    [{ 'model.norm.weight': undefined }, /lack the tensor model\.norm\.weight[^]*x\.arrow/],
    [{ 'model.norm.weight': { shape: [63], data: new Float32Array(63) } }, /\[64\][^]*shape \[63\] with 63 values/],
    [{ 'model.norm.weight': { shape: [64], data: new Float32Array(63) } }, /shape \[64\] with 63 values/],
    [{ 'lm_head.weight': { shape: [100, 64], data: new Float32Array(6400) } }, /has not: lm_head\.weight/],
  ])('names the first tensor that is wrong (%#)', (changes, message) => {
    const check = () => checkWeights(configOf(), weightsWith(changes), 'x.arrow');
    expect(check).toThrow(UserError);
    expect(check).toThrow(message);
  });
});
