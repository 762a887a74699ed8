import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { describe, expect, test } from 'vitest';
import { openWeights } from '../open-weights.ts';
import { float32Tensor } from '../stored-tensor.ts';
import { writeSafetensors } from '../write-safetensors.ts';
import { readHuggingFaceConfig, readHuggingFaceModel } from './read-model.ts';

const FAMILIES = 'test/fixtures/families';

/** A copy of a fixture whose config.json is changed. */
function copyOf(name: string, change: (config: Record<string, unknown>) => void = () => undefined): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'model-')), name);
  cpSync(join(FAMILIES, name), folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  change(config);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

/** Writes the tensors of a model again, changed. */
async function rewrite(
  folder: string,
  change: (tensors: Map<string, { shape: number[]; data: Float32Array }>) => void,
) {
  const source = await openWeights(folder);
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, { shape }] of source.tensors) {
    tensors.set(name, { shape: [...shape], data: await source.readFloat32(name) });
  }
  change(tensors);
  const stored = [...tensors].map(([name, { shape, data }]) => [name, float32Tensor(shape, data)] as const);
  await writeSafetensors(join(folder, 'model.safetensors'), Object.fromEntries(stored));
}

describe('what is not supported is named', () => {
  test.each<[string, (config: Record<string, unknown>) => void, RegExp]>([
    ['llama3', (c) => (c['architectures'] = ['MambaForCausalLM']), /cannot be imported[^]*MambaForCausalLM/],
    ['llama3', (c) => (c['hidden_act'] = 'relu'), /an activation: hidden_act[^]*"relu"/],
    ['llama3', (c) => (c['rope_parameters'] = { rope_type: 'longrope' }), /rope_type[^]*longrope/],
    ['llama3', (c) => (c['partial_rotary_factor'] = 0.5), /partial_rotary_factor/],
    ['llama3', (c) => (c['attention_multiplier'] = 2), /attention_multiplier 2/],
    ['llama3', (c) => (c['quantization_config'] = { bits: 4 }), /the model is quantized/],
    ['llama3', (c) => (c['hidden_size'] = '32'), /hidden_size is not what it should be[^]*a number/],
    ['llama3', (c) => delete c['num_attention_heads'], /num_attention_heads[^]*nothing/],
    ['gemma3', (c) => (c['use_bidirectional_attention'] = true), /use_bidirectional_attention/],
    ['gemma3', (c) => (c['layer_types'] = ['linear_attention']), /layer_types "linear_attention"/],
    ['gemma3', (c) => (c['layer_types'] = ['full_attention']), /layer_types[^]*7 of them/],
    ['gemma3n', (c) => (c['intermediate_size'] = [1, 2]), /intermediate_size[^]*10 numbers/],
  ])('%s (%#)', async (name, change, message) => {
    const read = readHuggingFaceConfig(copyOf(name, change));
    await expect(read).rejects.toThrow(UserError);
    await expect(read).rejects.toThrow(message);
  });

  test.each(['', '[]', '{'])('a config.json of %j', async (text) => {
    const folder = copyOf('llama3');
    writeFileSync(join(folder, 'config.json'), text);
    await expect(readHuggingFaceConfig(folder)).rejects.toThrow(/configuration cannot be read[^]*config\.json/);
  });

  test('a folder that is none', async () => {
    await expect(readHuggingFaceModel('nowhere')).rejects.toThrow(/nowhere[^]*ENOENT/);
  });
});

describe('old and new files say the same', () => {
  test('of rotary positions', async () => {
    const old = copyOf('llama3', (config) => {
      const { rope_theta, ...scaling } = config['rope_parameters'] as Record<string, unknown>;
      delete config['rope_parameters'];
      Object.assign(config, { rope_theta, rope_scaling: scaling });
    });
    expect(await readHuggingFaceConfig(old)).toEqual(await readHuggingFaceConfig(join(FAMILIES, 'llama3')));
  });

  test('of Gemma 3’s two bases, and of its pattern', async () => {
    const old = copyOf('gemma3', (config) => {
      delete config['rope_parameters'];
      delete config['layer_types'];
      const scaling = { rope_type: 'linear', factor: 8 };
      Object.assign(config, {
        rope_theta: 1000,
        rope_local_base_freq: 100,
        rope_scaling: scaling,
        sliding_window_pattern: 6,
      });
    });
    expect(await readHuggingFaceConfig(old)).toEqual(await readHuggingFaceConfig(join(FAMILIES, 'gemma3')));
  });

  test('of the number of experts', async () => {
    const old = copyOf('qwen3-moe', (config) => {
      config['num_experts'] = config['num_local_experts'];
      delete config['num_local_experts'];
    });
    expect(await readHuggingFaceConfig(old)).toEqual(await readHuggingFaceConfig(join(FAMILIES, 'qwen3-moe')));
  });
});

test('the text model of a model of several modalities is taken, under its prefix', async () => {
  const folder = copyOf('gemma3');
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ architectures: ['Gemma3ForConditionalGeneration'], text_config: config, vision_config: {} }),
  );
  await rewrite(folder, (tensors) => {
    for (const [name, tensor] of Array.from(tensors)) {
      tensors.delete(name);
      tensors.set(name.replace(/^model\./, 'model.language_model.'), tensor);
    }
    tensors.set('model.vision_tower.patch.weight', { shape: [1], data: Float32Array.of(1) });
  });
  expect(await readHuggingFaceModel(folder)).toEqual(await readHuggingFaceModel(join(FAMILIES, 'gemma3')));
});

describe('weights that are not those of the configuration', () => {
  test('lack a tensor, an expert’s too', async () => {
    const folder = copyOf('qwen3-moe');
    await rewrite(folder, (tensors) => tensors.delete('model.layers.1.mlp.experts.3.up_proj.weight'));
    await expect(readHuggingFaceModel(folder)).rejects.toThrow(
      /lacks the tensor model\.layers\.1\.mlp\.experts\.3\.up_proj/,
    );
  });

  test('have one more', async () => {
    const folder = copyOf('llama3-tied');
    await rewrite(folder, (tensors) => tensors.set('model.extra.weight', { shape: [1], data: Float32Array.of(1) }));
    await expect(readHuggingFaceModel(folder)).rejects.toThrow(/a tensor that the model has not: model\.extra\.weight/);
  });

  test('have one of another shape', async () => {
    const folder = copyOf('llama3', (config) => (config['intermediate_size'] = 48));
    await expect(readHuggingFaceModel(folder)).rejects.toThrow(/gate_proj\.weight has another shape[^]*\[40, 32\]/);
  });

  test('are of another family', async () => {
    const folder = copyOf('qwen3');
    writeFileSync(join(folder, 'config.json'), readFileSync(join(FAMILIES, 'gemma3', 'config.json')));
    await expect(readHuggingFaceModel(folder)).rejects.toThrow(UserError);
  });
});
