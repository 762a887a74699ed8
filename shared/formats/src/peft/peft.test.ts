/** @file Adapters as PEFT has them, against one that PEFT made (scripts/parity/lora.ts), whose logits it computed. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@arrowsmith/engine';
import {
  adapterConfig,
  adaptParameters,
  decoderConfig,
  forward,
  freezeParameters,
  initialAdapters,
  initialWeights,
  logits,
  modelParameters,
  tensorsOf,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../read-safetensors.ts';
import { PEFT_FILES } from './names.ts';
import { readPeftAdapter } from './read-adapter.ts';
import { writePeftAdapter } from './write-adapter.ts';

const FIXTURE = join(import.meta.dirname, '../../../../test/fixtures/peft');

/** The one that the fixture's adapter is of. */
const config = decoderConfig(
  modelParameters.parse({
    family: 'llama3',
    hiddenSize: 16,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 24,
    initializerRange: 0.2,
  }),
  { vocabularySize: 23, contextLength: 12 },
);

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'peft-'));
  await useBackend('cpu');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const folderOf = async (name: string): Promise<string> => {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  return folder;
};

test('an adapter that PEFT made computes what PEFT computes with it', async () => {
  const { adapters, weights } = await readPeftAdapter(FIXTURE, config);
  expect(adapters).toEqual({ rank: 2, alpha: 3, projections: ['q_proj', 'v_proj', 'down_proj'] });
  const { ids, logits: theirs } = JSON.parse(await readFile(join(FIXTURE, 'logits.json'), 'utf8')) as Record<
    'ids' | 'logits',
    number[]
  >;
  const base = freezeParameters(config, tensorsOf(initialWeights(config, 3)));
  const parameters = adaptParameters(config, adapters, base, tensorsOf(weights));
  const hidden = forward(config, parameters, tf.tensor2d([ids], undefined, 'int32'));
  const ours = logits(config, parameters, hidden).dataSync<'float32'>();
  const error = Math.max(...Array.from(ours, (x, i) => Math.abs(x - theirs[i]!)));
  expect(error).toBeLessThan(1e-5); // float32 sums of some dozen terms around 1, in other orders
  expect(ours).toHaveLength(theirs.length);
});

test('and is written with the bytes that PEFT wrote', async () => {
  const folder = await folderOf('again');
  const read = await readPeftAdapter(FIXTURE, config);
  await writePeftAdapter(folder, { config, ...read, type: 'f32' });
  const bytes = (of: string) => readFile(join(of, PEFT_FILES.tensors));
  expect(await bytes(folder)).toEqual(await bytes(FIXTURE));
  const fields = async (of: string) => JSON.parse(await readFile(join(of, PEFT_FILES.config), 'utf8')) as object;
  const [ours, theirs] = [await fields(folder), (await fields(FIXTURE)) as Record<string, unknown>];
  for (const [field, value] of Object.entries(ours)) {
    if (field === 'base_model_name_or_path') continue; // where it lay when the fixture was made
    const their = field === 'target_modules' ? (theirs[field] as string[]).toSorted() : theirs[field];
    expect(value, field).toEqual(their);
  }
});

test.each([
  ['qwen3-moe', 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight'],
  ['llama4', 'base_model.model.model.layers.1.feed_forward.shared_expert.up_proj.lora_B.weight'],
  ['gemma3n', 'base_model.model.model.layers.1.mlp.down_proj.lora_A.weight'],
] as const)('of %s, modules have the names that transformers gives them, and come back', async (family, name) => {
  const of = decoderConfig(
    modelParameters.parse({
      family,
      hiddenSize: 32,
      layers: 4,
      heads: 4,
      kvHeads: 2,
      intermediateSize: 48,
      ...(family === 'gemma3n' ? { matformer: { granularities: 1, training: 'sample' } } : {}),
    }),
    { vocabularySize: 23, contextLength: 12 },
  );
  const adapters = adapterConfig(of, { rank: 2, alpha: 3, projections: 'all' }, 'adapt');
  const weights = initialAdapters(of, adapters, 1);
  const folder = await folderOf(family);
  await writePeftAdapter(folder, { config: of, adapters, weights, type: 'f32' });
  const { tensors } = await openSafetensors(join(folder, PEFT_FILES.tensors));
  expect([...tensors.keys()]).toContain(name);
  expect(await readPeftAdapter(folder, of)).toEqual({ adapters, weights });
});

describe('what is not such an adapter is refused', () => {
  const changed = async (name: string, change: object): Promise<string> => {
    const folder = await folderOf(name);
    await cp(FIXTURE, folder, { recursive: true });
    const file = join(folder, PEFT_FILES.config);
    const json = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...json, ...change }));
    return folder;
  };

  test.each([
    ['another kind', { peft_type: 'IA3' }, /peft_type LORA[^]*"IA3"/],
    ['DoRA', { use_dora: true }, /use_dora false/],
    ['trained biases', { bias: 'all' }, /bias "none"/],
    ['ranks of its own', { rank_pattern: { q_proj: 4 } }, /rank_pattern \{\}/],
    [
      'PiSSA',
      { init_lora_weights: 'pissa' },
      /init_lora_weights true, false[^]*path_initial_model_for_weight_conversion/,
    ],
    ['fast PiSSA', { init_lora_weights: 'pissa_niter_16' }, /"pissa_niter_16"/],
    ['OLoRA', { init_lora_weights: 'olora' }, /"olora"/],
    ['LoftQ', { init_lora_weights: 'loftq' }, /"loftq"/],
    ['another rank than the tensors have', { r: 3 }, /another shape/],
    ['no rank', { r: null }, /r, a whole number/],
  ])('%s', async (name, change, message) => {
    await expect(readPeftAdapter(await changed(name, change), config)).rejects.toThrow(message);
  });

  test.each([false, null, 'gaussian', 'eva'])(
    'but not one that began as %s, which leaves the model as it is',
    async (beginning) => {
      const folder = await changed(`begun-${beginning}`, { init_lora_weights: beginning });
      expect((await readPeftAdapter(folder, config)).adapters.rank).toBe(2);
    },
  );

  test('with rsLoRA, alpha is what has the same scale', async () => {
    const { adapters } = await readPeftAdapter(await changed('rslora', { use_rslora: true }), config);
    expect(adapters.alpha / adapters.rank).toBeCloseTo(3 / Math.sqrt(2), 12);
  });

  test('an adapter of a model with fewer layers, or of other sizes', async () => {
    const other = (change: object) =>
      decoderConfig(
        modelParameters.parse({ hiddenSize: 16, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 24, ...change }),
        { vocabularySize: 23, contextLength: 12 },
      );
    await expect(readPeftAdapter(FIXTURE, other({ layers: 1 }))).rejects.toThrow(/no matrix of the model[^]*1 layers/);
    await expect(readPeftAdapter(FIXTURE, other({ intermediateSize: 32 }))).rejects.toThrow(
      /down_proj[^]*another shape/,
    );
  });

  test('a folder without one', async () => {
    await expect(readPeftAdapter(await folderOf('empty'), config)).rejects.toThrow(/adapter_config\.json/);
  });
});
