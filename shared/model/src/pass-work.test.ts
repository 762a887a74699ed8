/** @file The work of an evaluation and of training adapters, against what the model's parameters say, which are listed elsewhere. */
import { describe, expect, test } from 'vitest';
import { adapterConfig, countAdapterParameters } from './adapters.ts';
import { decoderConfig } from './architecture.ts';
import { families } from './families/index.ts';
import { knownConfig } from './known-config.ts';
import { modelParameters } from './model-parameters.ts';
import { countActiveParameters, countParameters } from './parameters.ts';
import { adaptingWork, evaluationWork } from './pass-work.ts';

const DATA = { contextLength: 64, vocabularySize: 512 };
const configOf = (model: object) => decoderConfig(modelParameters.parse(model), DATA);
const TOKENS = 4 * 64;

const attendedBy = (config: ReturnType<typeof configOf>): number =>
  config.layers
    .map(({ attention: { heads, headDim, window, chunk } }) => {
      return heads * headDim * Math.min(DATA.contextLength, window || Infinity, chunk || Infinity);
    })
    .reduce((a, b) => a + b);

describe.each(Object.keys(families))('of %s', (family) => {
  const config = configOf({ family });
  // Norms are left out, and the small matrices that Gemma 3n alone has.
  const least = family === 'gemma3n' ? 0.85 : 0.99;

  test('a pass is 2 operations for each parameter that computes a token, and attention’s', () => {
    const { flop } = evaluationWork(config, { batchSize: 4, batches: 3, written: 0 });
    const share = flop / (2 * TOKENS * (countActiveParameters(config) + attendedBy(config)));
    expect(share).toBeLessThanOrEqual(1);
    expect(share).toBeGreaterThan(least);
  });

  test('a step of adapters is 4 for each that does not learn, and 6 for what learns and attends', () => {
    const asked = { rank: 4, projections: 'all', batchSize: 4, gradientAccumulation: 1 } as const;
    const { storedFlop, flop } = adaptingWork(config, asked);
    const share = storedFlop / (4 * TOKENS * countActiveParameters(config));
    expect(share).toBeLessThanOrEqual(1);
    expect(share).toBeGreaterThan(least);
    const learning = countAdapterParameters(config, adapterConfig(config, { ...asked, alpha: 1 }, 'adapt'));
    expect(flop / (6 * TOKENS)).toBe(learning + attendedBy(config));
  });
});

test('texts that are written read the weights for each token, and wait for it; batches share them', () => {
  const config = configOf({ family: 'llama3' });
  const plain = evaluationWork(config, { batchSize: 4, batches: 10, written: 0 });
  const writing = evaluationWork(config, { batchSize: 4, batches: 10, written: 1000 });
  expect(plain).toMatchObject({ bytesForRows: 0, kernels: 0, waits: 1 });
  expect(writing).toEqual({ ...plain, bytesForRows: expect.any(Number), kernels: 100 * plain.calls, waits: 101 });
  expect(writing.bytesForRows / (4 * 100 * countActiveParameters(config))).toBeCloseTo(1, 2);
  expect(plain.memory).toBeGreaterThan(4 * countParameters(config) * 0.99);
});

describe('the configuration of a model that may not be there yet', () => {
  const config = configOf({ family: 'qwen3' });

  test('is that of its manifest, in the context of the rows', () => {
    const manifest = { config: JSON.stringify(config), format: 'f32' };
    expect(knownConfig(manifest, { contextLength: 32 })).toEqual({ ...config, contextLength: 32 });
  });

  test('is that of the parameters by which it will be trained', () => {
    const model = modelParameters.parse({ family: 'qwen3' });
    expect(knownConfig({ steps: 9, model }, DATA)).toEqual(config);
  });

  test.each([undefined, {}, { format: 'Q8_0' }, { config: '{"hiddenSize": 3}' }])('is not known of %j', (about) => {
    expect(knownConfig(about, DATA)).toBeUndefined();
  });
});
