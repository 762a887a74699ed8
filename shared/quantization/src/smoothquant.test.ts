import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { type DecoderConfig, type Weights } from '@arrowsmith/model';
import { beforeAll, describe, expect, test } from 'vitest';
import { withActivations } from './activations.ts';
import { quantizeModel } from './quantize-model.ts';
import { smoothQuant } from './smoothquant.ts';
import { runnable } from './stored-model.ts';
import {
  configOf,
  ids,
  inputsOf,
  largestDifference,
  logitsOf,
  runAll,
  variants,
  weightsOf,
} from './testing/small-models.ts';

beforeAll(() => useBackend(resolveBackend('auto')));

const smoothed = async (config: DecoderConfig, weights: Weights, alpha = 0.5) =>
  runAll(smoothQuant({ config, weights, inputs: await inputsOf(config, weights), alpha }));

describe.each(variants)('%s', (_, options) => {
  test('computes what it did, with other weights', async () => {
    const config = configOf(options);
    const weights = weightsOf(config);
    const { result: made, chosen } = await smoothed(config, weights);
    expect(chosen.length).toBeGreaterThan(config.layers.length);
    const scales = chosen.flatMap((group) => Array.from(group.scales));
    expect(Math.max(...scales) / Math.min(...scales)).toBeGreaterThan(1.5);
    // Products are of other float32 numbers.
    expect(largestDifference(logitsOf(config, { weights: made }), logitsOf(config, { weights }))).toBeLessThan(2e-5);
  });
});

test.each([0, 0.3, 0.5, 1])('scales are max|X|^α / max|W|^(1−α), with α = %d', async (alpha) => {
  const config = configOf({});
  const weights = weightsOf(config);
  const [norm, queries, keys, values] = [
    'input_layernorm',
    'self_attn.q_proj',
    'self_attn.k_proj',
    'self_attn.v_proj',
  ].map((part) => `model.layers.0.${part}.weight`) as [string, string, string, string];
  const d = config.hiddenSize;
  const table = weights['model.embed_tokens.weight']!.data;
  const epsilon = config.norm.epsilon;
  // The inputs of the first layer's queries: embeddings, normalized.
  const inputs = Array.from(ids, (id) => {
    const row = Array.from(table.subarray(id * d, (id + 1) * d));
    const size = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / d + epsilon);
    return row.map((value, channel) => (value / size) * weights[norm]!.data[channel]!);
  });
  const { result: made, chosen } = await smoothed(config, weights, alpha);
  expect(chosen[0]!.names).toEqual([queries, keys, values]);
  for (let channel = 0; channel < d; channel++) {
    const x = Math.max(...inputs.map((row) => Math.abs(row[channel]!)));
    const columns = [queries, keys, values].flatMap((name) =>
      Array.from(
        weights[name]!.data.filter((_, i) => i % d === channel),
        Math.abs,
      ),
    );
    const scale = x ** alpha / Math.max(...columns) ** (1 - alpha);
    expect(chosen[0]!.scales[channel]! / scale).toBeCloseTo(1, 5); // inputs are float32
    expect(made[norm]!.data[channel]! * scale).toBeCloseTo(weights[norm]!.data[channel]!, 5);
    const at = 3 * d + channel;
    expect(made[queries]!.data[at]! / scale).toBeCloseTo(weights[queries]!.data[at]!, 5);
  }
});

test('channels that are always zero stay, and the weights that were given, too', async () => {
  const config = configOf({});
  const weights = weightsOf(config);
  for (const [name, { data }] of Object.entries(weights)) if (name.endsWith('norm.weight')) data.fill(0);
  const copies = Object.values(weights).map(({ data }) => data.slice());
  const { result, chosen } = await smoothed(config, weights);
  expect(chosen).toEqual([]);
  expect(Object.values(result).map(({ data }) => data)).toEqual(copies);
  expect(Object.values(weights).map(({ data }) => data)).toEqual(copies);
});

test.runIf(resolveBackend('auto') === 'native')(
  'products with activations of int8 lose less where some channels are far larger than others',
  async () => {
    const config = configOf({ hiddenSize: 64, tieWordEmbeddings: false });
    const weights = weightsOf(config);
    for (const channel of [5, 40]) weights['model.norm.weight']!.data[channel]! *= 40;
    const inputs = await inputsOf(config, weights);
    const exact = logitsOf(config, { weights });
    const formatOf = (name: string) => (name === 'lm_head.weight' ? 'int8' : 'f32');
    const differenceBy = async (method: 'nearest' | 'smoothquant'): Promise<number> => {
      const { result } = await runAll(quantizeModel({ config, weights, formatOf, method, inputs }));
      const parameters = withActivations(runnable(config, result.tensors), 'int8', 'model');
      return largestDifference(logitsOf(config, { parameters }), exact);
    };
    // Its steps are 6 times finer; those of weights, √40 times coarser, lose some of that.
    expect(await differenceBy('smoothquant')).toBeLessThan(0.6 * (await differenceBy('nearest')));
  },
);
