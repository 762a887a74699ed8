/** @file Training of adapters: what learns, what stays, and that it is what training of the whole would do in their place. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTensors } from '@arrowsmith/artifacts';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import {
  adapterConfig,
  adapterShapes,
  adaptParameters,
  decoderConfig,
  freezeParameters,
  initialWeights,
  mergedMatrix,
  modelParameters,
  storableParameters,
  tensorsOf,
  type DecoderConfig,
  type Parameters,
  type Weights,
} from '@arrowsmith/model';
import { isFrozen, isStored, storedMatrix } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchGradients } from './gradients.ts';
import { train } from './loop.ts';
import { someAdapters } from './testing/some-adapters.ts';
import { config, countingRows, splitOf, tinyParameters, trainSplit, validationSplit } from './testing/tiny-run.ts';

const native = resolveBackend('auto') === 'native';
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adapters-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.slice().buffer);

/** A model that does not learn, on the active backend: in float32, stored where there are kernels for it. */
function frozen(of: DecoderConfig, weights: Weights): Parameters {
  const tensors = tensorsOf(weights);
  if (tf.getBackend() !== 'native') return freezeParameters(of, tensors);
  const storable = storableParameters(of);
  const matrices = Object.entries(weights).map(([name, { shape, data }]) => [
    name,
    storable.has(name) ? storedMatrix('f32', shape, bytesOf(data)) : tensors[name]!,
  ]);
  return freezeParameters(of, Object.fromEntries(matrices) as Parameters);
}

const OF_GEMMA = ['q_proj', 'down_proj', 'linear_left', 'linear_right', 'per_layer_input_gate', 'per_layer_projection'];

/** The reference takes seconds for experts. */
const CASES = [
  ['cpu', 'llama3'],
  ...(native ? ['llama3', 'qwen3-moe', 'llama4', 'gemma3n'].map((family) => ['native', family]) : []),
] as ['cpu' | 'native', 'llama3' | 'qwen3-moe' | 'llama4' | 'gemma3n'][];

test.each(CASES)(
  'on %s, gradients of the adapters of %s are those of the whole model, taken through the product',
  async (backend, family) => {
    await useBackend(backend);
    const sizes = family === 'gemma3n' ? { laurelRank: 4, perLayerEmbeddingSize: 8 } : {};
    const of =
      family === 'llama3'
        ? config
        : decoderConfig(
            modelParameters.parse({
              family,
              hiddenSize: 16,
              layers: 2,
              heads: 4,
              kvHeads: 2,
              intermediateSize: 24,
              ...sizes,
            }),
            { vocabularySize: 23, contextLength: 12 },
          );
    const adapters = adapterConfig(
      of,
      { rank: 2, alpha: 3, projections: family === 'gemma3n' ? OF_GEMMA : 'all' },
      'adapt',
    );
    const weights = initialWeights(of, 5);
    const own = someAdapters(of, adapters);
    const batch = await trainSplit.read([1, 2, 3, 4]);
    const options = { config: of, batch, rows: 4, microBatches: 2 };

    const base = frozen(of, weights);
    const ours = await batchGradients({
      ...options,
      parameters: tensorsOf(own),
      bind: (tensors) => adaptParameters(of, adapters, base, tensors),
    });
    const again = await batchGradients({
      ...options,
      parameters: tensorsOf(own),
      bind: (tensors) => adaptParameters(of, adapters, base, tensors),
      recomputeActivations: true,
    });
    const merged = { ...weights };
    for (const { matrix, a, b } of adapterShapes(of, adapters)) {
      merged[matrix.name] = mergedMatrix(adapters, weights[matrix.name]!, own[a.name]!.data, own[b.name]!.data);
    }
    const whole = await batchGradients({ ...options, parameters: tensorsOf(merged) });
    expect(ours.loss).toBeCloseTo(whole.loss, 5); // float32 sums in other orders
    expect(again.loss).toBe(ours.loss);
    const scale = adapters.alpha / adapters.rank;
    for (const { matrix, a, b } of adapterShapes(of, adapters)) {
      const dW = whole.gradients[matrix.name]!;
      const values = (weight: Weights[string]) => tf.tensor(weight.data, weight.shape);
      const expected = {
        [a.name]: tf.mul(tf.matMul(values(own[b.name]!), dW, true), scale),
        [b.name]: tf.mul(tf.matMul(dW, values(own[a.name]!), false, true), scale),
      };
      for (const [name, gradient] of Object.entries(expected)) {
        const found = ours.gradients[name]!;
        const largest = tf.max(tf.abs(gradient)).dataSync()[0]!;
        const difference = tf.max(tf.abs(tf.sub(found, gradient))).dataSync()[0]!;
        // Both sides are float32 sums of some dozen terms, through two layers.
        expect(difference, name).toBeLessThan(2e-4 * largest + 1e-7);
        expect(again.gradients[name]!.dataSync(), name).toEqual(found.dataSync());
      }
    }
  },
);

describe('a run', () => {
  beforeAll(() => useBackend(native ? 'native' : 'cpu'));
  const adapters = adapterConfig(config, { rank: 2, alpha: 4, projections: ['q_proj', 'v_proj'] }, 'adapt');

  const run = (name: string, base: Parameters, options: object = {}) =>
    train({
      config,
      parameters: tinyParameters({ steps: 20, optimizer: { learningRate: 1e-2 }, checkpoint: { everySeconds: 0 } }),
      adapt: { adapters, base, digest: 'abc' },
      train: trainSplit,
      validation: validationSplit,
      checkpointDirectory: join(directory, name),
      ...options,
    });

  test('changes adapters alone, and keeps nothing else in checkpoints', async () => {
    const weights = initialWeights(config, 1);
    const base = frozen(config, weights);
    const { weights: learnt, log } = await run('plain', base);
    const shapes = adapterShapes(config, adapters).flatMap(({ a, b }) => [a, b]);
    expect(Object.keys(learnt)).toEqual(shapes.map(({ name }) => name));
    expect(log.at(-1)!.trainLoss).toBeLessThan(log[0]!.trainLoss - 0.02);
    for (const [name, weight] of Object.entries(base)) {
      const kept = isFrozen(weight) ? weight.frozen : weight;
      const values = isStored(kept)
        ? new Float32Array(kept.words.dataSync<'int32'>().slice().buffer)
        : (kept as tf.Tensor).dataSync<'float32'>();
      expect(values, name).toEqual(weights[name]!.data);
    }
    const [file] = (await readdir(join(directory, 'plain'))).toReversed();
    const { tensors } = await readTensors(join(directory, 'plain', file!));
    expect(Object.keys(tensors)).toHaveLength(3 * shapes.length);
  });

  test('that was interrupted ends with the same bytes, and another base or rank is told from it', async () => {
    const base = frozen(config, initialWeights(config, 1));
    const whole = await run('whole', base);
    const controller = new AbortController();
    const onStep = ({ step }: { step: number }) => {
      if (step === 7) controller.abort();
    };
    await expect(run('stopped', base, { signal: controller.signal, onStep })).rejects.toThrow('after step 7');
    await expect(run('stopped', base, { adapt: { adapters, base, digest: 'abd' } })).rejects.toThrow('base = "abd"');
    expect(await run('stopped', base)).toEqual(whole);
  });

  test.runIf(native)('on a model stored in bf16 is that on its floats, bit for bit', async () => {
    const of = decoderConfig(
      modelParameters.parse({ hiddenSize: 32, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 64 }),
      { vocabularySize: 23, contextLength: 12 },
    );
    const weights = initialWeights(of, 1);
    const ofMatrices = (format: 'f32' | 'bf16'): Parameters =>
      freezeParameters(
        of,
        Object.fromEntries(
          Object.entries(weights).map(([name, { shape, data }]) => {
            if (shape.length < 2) return [name, tf.tensor(data, shape)];
            const words = new Uint32Array(data.slice().buffer).map((word) => word & 0xffff0000);
            const bytes =
              format === 'f32'
                ? new Uint8Array(words.buffer)
                : new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
            return [name, storedMatrix(format, shape, bytes)];
          }),
        ) as Parameters,
      );
    const trained = (format: 'f32' | 'bf16') =>
      train({
        config: of,
        parameters: tinyParameters({ steps: 3 }),
        adapt: {
          adapters: adapterConfig(of, { rank: 4, alpha: 8, projections: 'all' }, 'adapt'),
          base: ofMatrices(format),
          digest: 'abc',
        },
        train: splitOf(countingRows(11)),
        validation: validationSplit,
        checkpointDirectory: join(directory, format),
      });
    expect(await trained('bf16')).toEqual(await trained('f32'));
  });
});

describe('what cannot be adapted', () => {
  test('is refused with what there is', () => {
    const asked =
      (projections: string[], rank = 2) =>
      () =>
        adapterConfig(config, { rank, alpha: 4, projections }, 'adapt');
    expect(asked(['q_proj', 'qkv_proj'])).toThrow(
      /beside qkv_proj[^]*q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj/,
    );
    expect(asked(['k_proj'], 9)).toThrow(/at most 8, as model\.layers\.0\.self_attn\.k_proj is \[8, 16\]/);
    const experts = decoderConfig(modelParameters.parse({ family: 'qwen3-moe' }), {
      vocabularySize: 23,
      contextLength: 12,
    });
    expect(() => adapterConfig(experts, { rank: 2, alpha: 4, projections: ['up_proj'] }, 'adapt')).toThrow(
      /in experts alone/,
    );
  });
});
