import { UserError } from '@arrowsmith/errors';
import { describe, expect, test } from 'vitest';
import { configOf, decoderConfig } from '../architecture.ts';
import { kvCacheBytesPerToken } from '../config.ts';
import { modelParameters } from '../model-parameters.ts';
import { countActiveParameters, countParameters } from '../parameters.ts';
import { chooseOptions, type Family } from './family.ts';
import { families } from './index.ts';

const data = { vocabularySize: 2048, contextLength: 256 };
const configOfFamily = (family: string, parameters: object = {}) =>
  decoderConfig(modelParameters.parse({ family, ...parameters }), data);

const names = Object.keys(families) as (keyof typeof families)[];
const published = names.flatMap((name) =>
  Object.entries((families[name] as Family).published).map(([model, sizes]) => ({ name, model, ...sizes })),
);

describe('the published models', () => {
  test.each(published)('$model has the published number of parameters', ({ name, parameters, options, ...sizes }) => {
    const config = configOf(name, chooseOptions(families[name], options), sizes);
    // Exact where the published number is; otherwise it is rounded to three digits.
    const tolerance = parameters % 1e6 === 0 ? 0.01 : 0;
    expect(Math.abs(countParameters(config) / parameters - 1)).toBeLessThanOrEqual(tolerance);
  });

  test.each([
    ['qwen3-moe', 'Qwen3 30B-A3B', 3.3e9],
    ['qwen3-moe', 'Qwen3 235B-A22B', 22e9],
    ['llama4', 'Llama 4 Scout', 17e9],
    ['llama4', 'Llama 4 Maverick', 17e9],
  ] as const)('a token of %s: %s is computed by %d parameters', (name, model, active) => {
    const { options, ...sizes } = published.find((entry) => entry.model === model)!;
    const config = configOf(name, chooseOptions(families[name], options), sizes);
    // Published numbers are rounded to two digits, and count the embedding or not.
    const embedding = sizes.vocabularySize * config.hiddenSize;
    const counted = countActiveParameters(config);
    const nearest = [counted, counted + embedding].map((count) => Math.abs(count / active - 1));
    expect(Math.min(...nearest)).toBeLessThan(0.05);
  });
});

describe.each(names)('the miniature of %s', (name) => {
  test('is named by one word, and has about a million parameters that compute a token', () => {
    const active = countActiveParameters(configOfFamily(name));
    expect(active).toBeGreaterThan(0.9e6);
    expect(active).toBeLessThan(1.7e6);
  });

  test('takes other sizes, and keeps what is particular in fewer layers', () => {
    const sizes = { hiddenSize: 48, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 64 };
    const config = configOfFamily(name, sizes);
    expect(config.layers).toHaveLength(2);
    expect(config.layers[0]!.attention.headDim).toBe(12);
    const spans = config.layers.map(({ attention: { window, chunk } }) => window + chunk);
    // The layer that sees everything is the last of its pattern; Mistral has none.
    expect(spans.at(-1)! > 0).toBe(name === 'mistral');
  });
});

describe('the layers of', () => {
  const spans = (family: string, layers: number) =>
    configOfFamily(family, { layers })
      .layers.map(({ attention: { window, chunk } }) => (window > 0 ? 'S' : chunk > 0 ? 'C' : 'G'))
      .join('');

  test('Gemma 3 are five sliding and one global, with their own wavelengths', () => {
    expect(spans('gemma3', 8)).toBe('SSSSSGSS');
    const thetas = configOfFamily('gemma3').layers.map(({ attention }) => attention.rope!.theta);
    expect(thetas).toEqual([1e4, 1e4, 1e4, 1e4, 1e4, 1e6]);
  });

  test('Llama 4 are chunked with positions, and every fourth sees everything without; experts are in every second', () => {
    expect(spans('llama4', 8)).toBe('CCCGCCCG');
    const { layers } = configOfFamily('llama4', { layers: 8 });
    expect(layers.map(({ attention }) => (attention.rope === null ? 'N' : 'R')).join('')).toBe('RRRNRRRN');
    expect(layers.map(({ attention }) => attention.temperatureTuning !== null).indexOf(true)).toBe(3);
    expect(layers.map(({ attention }) => attention.qkNorm)).toEqual([
      'l2',
      'l2',
      'l2',
      'none',
      'l2',
      'l2',
      'l2',
      'none',
    ]);
    expect(layers.map(({ ffn }) => ffn.kind)).toEqual(Array.from({ length: 4 }, () => ['dense', 'moe']).flat());
  });

  test('Command A are three sliding and one global without positions', () => {
    expect(spans('command-a', 8)).toBe('SSSGSSSG');
    const { layers } = configOfFamily('command-a');
    expect(layers.map(({ attention }) => attention.rope === null)).toEqual([false, false, false, true]);
  });

  test('Gemma 3n share keys and values of the last layer that sees as much', () => {
    const { layers } = configOfFamily('gemma3n', { layers: 10, sharedKvLayers: 4 });
    const owners = layers.map(({ attention }) => attention.keysOfLayer);
    expect(owners).toEqual([null, null, null, null, null, null, 5, 5, 5, 4]);
  });

  test('a pattern of a person’s own are as it says', () => {
    const { layers } = configOfFamily('llama3', {
      layers: 4,
      attentionPattern: 'SSSG',
      window: 10,
      positionPattern: 'RN',
    });
    expect(layers.map(({ attention }) => attention.window)).toEqual([10, 10, 10, 0]);
    expect(layers.map(({ attention }) => attention.rope === null)).toEqual([false, true, false, true]);
  });
});

test.each(['window', 'chunk'])('a %s larger than the context is refused', (name) => {
  const build = () => configOfFamily('llama3', { attentionPattern: name === 'window' ? 'S' : 'C', [name]: 257 });
  expect(build).toThrow(UserError);
  expect(build).toThrow(/at most 256 tokens[^]*257/);
});

test('layers that see less keep fewer keys and values', () => {
  const full = kvCacheBytesPerToken(configOfFamily('llama3'));
  expect(full).toBe(4 * 2 * 4 * 2 * 32); // layers, k and v, bytes, heads, size
  expect(kvCacheBytesPerToken(configOfFamily('llama3', { attentionPattern: 'SSSG' }))).toBe(full * (3 / 4 / 4 + 1 / 4));
  const shared = { layers: 4, attentionPattern: 'G', kvHeads: 2, sharedKvLayers: 2 };
  expect(kvCacheBytesPerToken(configOfFamily('llama3', shared))).toBe(full / 2);
});
