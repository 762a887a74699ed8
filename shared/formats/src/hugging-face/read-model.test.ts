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
    ['llama3', (c) => (c['hidden_act'] = 'relu'), /an activation that is not supported: hidden_act[^]*"relu"/],
    ['llama3', (c) => (c['rope_parameters'] = { rope_type: 'longrope' }), /rope_type[^]*longrope/],
    ['llama3', (c) => (c['partial_rotary_factor'] = 0.5), /partial_rotary_factor/],
    ['llama3', (c) => (c['attention_multiplier'] = 2), /attention_multiplier 2/],
    ['llama3', (c) => (c['quantization_config'] = { bits: 4 }), /the model is quantized/],
    ['llama3', (c) => (c['hidden_size'] = '32'), /hidden_size is not what it should be[^]*a whole number from 1/],
    ['gemma3', (c) => (c['use_bidirectional_attention'] = true), /use_bidirectional_attention/],
    ['gemma3', (c) => (c['layer_types'] = ['linear_attention']), /layer_types "linear_attention"/],
    ['gemma3', (c) => (c['layer_types'] = ['full_attention']), /layer_types[^]*7 of them/],
    ['gemma3n', (c) => (c['intermediate_size'] = [1, 2]), /intermediate_size[^]*10 numbers/],
  ])('%s (%#)', async (name, change, message) => {
    const read = readHuggingFaceConfig(copyOf(name, change));
    await expect(read).rejects.toThrow(UserError);
    await expect(read).rejects.toThrow(message);
  });

  test.each<[string, string, unknown, RegExp]>([
    ['llama3', 'hidden_act', 'constructor', /an activation that is not supported: hidden_act/],
    ['llama3', 'hidden_act', '__proto__', /an activation that is not supported: hidden_act/],
    ['llama3', 'architectures', ['constructor'], /cannot be imported[^]*constructor/],
    ['llama3', 'architectures', ['toString'], /cannot be imported/],
    ['llama3', 'architectures', [{ a: 1 }], /cannot be imported/],
    ['llama3', 'model_type', 'valueOf', /model_type[^]*"llama", as architectures says LlamaForCausalLM/],
    ['llama3', 'model_type', 'mistral', /model_type[^]*"llama"[^]*"mistral"/],
    ['qwen3', 'layer_types', ['constructor'], /a kind of attention: layer_types/],
    ['gemma3', 'layer_types', Array.from({ length: 7 }, () => 'chunked_attention'), /layer_types "chunked_attention"/],
    ['llama3', 'rope_parameters', { rope_type: 'hasOwnProperty' }, /rope_type[^]*hasOwnProperty/],
    ['llama3', 'constructor', 'x', /an option that this import does not know: constructor/],
    ['llama3', 'num_hidden_layers', 1e6, /num_hidden_layers[^]*from 1 to 4096[^]*1000000/],
    ['llama3', 'num_hidden_layers', 1e9, /num_hidden_layers/],
    ['llama3', 'num_hidden_layers', 1.5, /num_hidden_layers/],
    ['llama3', 'hidden_size', -32, /hidden_size[^]*a whole number from 1[^]*-32/],
    ['llama3', 'head_dim', 0, /head_dim/],
    ['llama3', 'head_dim', 7, /head_dim[^]*an even number/],
    ['llama3', 'num_attention_heads', -4, /num_attention_heads/],
    ['llama3', 'num_key_value_heads', 3, /num_key_value_heads[^]*a divisor of num_attention_heads, 4/],
    ['llama3', 'vocab_size', 1e300, /vocab_size/],
    ['llama3', 'max_position_embeddings', -1, /max_position_embeddings/],
    ['llama3', 'rms_norm_eps', -1, /rms_norm_eps/],
    ['llama3', 'rope_parameters', { rope_theta: -1 }, /rope_theta/],
    ['llama3', 'rope_parameters', { rope_theta: null }, /rope_theta[^]*null/],
    ['llama3', 'rope_parameters', { rope_type: 'linear', factor: 0 }, /factor/],
    ['llama3', 'rope_theta', 5000, /rope_theta[^]*the same base everywhere[^]*5000/],
    ['gemma3', 'rope_local_base_freq', 77, /rope_local_base_freq[^]*the same base everywhere[^]*77/],
    ['llama3', 'rope_parameters', [], /rope_parameters[^]*an object/],
    ['llama3', 'tie_word_embeddings', 'false', /tie_word_embeddings[^]*true or false/],
    ['qwen3-moe', 'num_local_experts', 1e9, /num_local_experts/],
    ['qwen3-moe', 'num_experts_per_tok', 9, /num_experts_per_tok[^]*at most the number of experts, 8/],
    ['qwen3-moe', 'decoder_sparse_step', 0, /decoder_sparse_step/],
    ['gemma3', 'sliding_window', 0, /sliding_window/],
    ['gemma2', 'final_logit_softcapping', 0, /final_logit_softcapping[^]*above 0/],
    ['gemma2', 'query_pre_attn_scalar', 0, /query_pre_attn_scalar/],
    ['gemma3n', 'altup_num_inputs', 1e9, /altup_num_inputs/],
    ['gemma3n', 'altup_active_idx', 4, /altup_active_idx[^]*below altup_num_inputs, 4/],
    ['gemma3n', 'num_kv_shared_layers', 10, /num_kv_shared_layers[^]*below num_hidden_layers, 10/],
    ['gemma3n', 'num_kv_shared_layers', 6, /num_kv_shared_layers[^]*keys of its own/],
    ['gemma3n', 'activation_sparsity_pattern', [1], /activation_sparsity_pattern/],
    ['gemma3n', 'intermediate_size', [-1], /intermediate_size/],
    ['llama4', 'no_rope_layers', [1, 0], /no_rope_layers[^]*5 of them/],
    ['llama4', 'floor_scale', 0, /floor_scale/],
    ['command-a', 'logit_scale', 'a'.repeat(1e6), /logit_scale[^]{0,400}$/],
  ])('%s: %s of %j', async (name, field, value, message) => {
    const read = readHuggingFaceConfig(copyOf(name, (config) => (config[field] = value)));
    await expect(read).rejects.toThrow(UserError);
    await expect(read).rejects.toThrow(message);
  });

  test('a key __proto__ changes nothing', async () => {
    const folder = copyOf('llama3');
    const path = join(folder, 'config.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/^\{/, '{"__proto__": {"hidden_act": "relu", "rope_scaling": {"factor": 2}},'));
    await expect(readHuggingFaceConfig(folder)).rejects.toThrow(/does not know: __proto__/);
    expect(({} as Record<string, unknown>)['hidden_act']).toBeUndefined();
  });

  test('a config.json of many megabytes', async () => {
    const folder = copyOf('llama3');
    writeFileSync(join(folder, 'config.json'), ' '.repeat(2 ** 24 + 1));
    await expect(readHuggingFaceConfig(folder)).rejects.toThrow(/config\.json[^]*more than 16777216/);
  });

  test.each(['', '[]', '{', '['.repeat(1e5), 'null'])('a config.json of %j', async (text) => {
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

test('a file that names no architecture is of its model_type’s', async () => {
  const without = copyOf('qwen2', (config) => delete config['architectures']);
  expect(await readHuggingFaceConfig(without)).toEqual(await readHuggingFaceConfig(join(FAMILIES, 'qwen2')));
});

describe('an output layer beside tied embeddings', () => {
  const withOutputLayer = async (change: (data: Float32Array) => Float32Array) => {
    const folder = copyOf('llama3-tied');
    await rewrite(folder, (tensors) => {
      const { shape, data } = tensors.get('model.embed_tokens.weight')!;
      tensors.set('lm_head.weight', { shape, data: change(data) });
    });
    return folder;
  };

  test('is taken for a copy where it is one', async () => {
    const folder = await withOutputLayer((data) => data.slice());
    expect(await readHuggingFaceModel(folder)).toEqual(await readHuggingFaceModel(join(FAMILIES, 'llama3-tied')));
  });

  test('is refused where it is none, as versions of transformers differ in what they do', async () => {
    const folder = await withOutputLayer((data) => data.with(5, 7));
    const read = readHuggingFaceModel(folder);
    await expect(read).rejects.toThrow(UserError);
    await expect(read).rejects.toThrow(
      /an output layer of its own[^]*1 of 2048 values differ[^]*tie_word_embeddings to false/,
    );
  });

  test('is the output layer where config.json is changed as the error says', async () => {
    const folder = await withOutputLayer((data) => data.with(5, 7));
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...config, tie_word_embeddings: false }));
    const { weights } = await readHuggingFaceModel(folder);
    expect(weights['lm_head.weight']!.data[5]).toBe(7);
  });
});

test('a limit of coefficients that stored ones are within holds in training that goes on', async () => {
  const within = await readHuggingFaceModel(join(FAMILIES, 'gemma3n'));
  expect(within.config.altUp!.coefficientClip).toBe(120);
  const beyond = await readHuggingFaceModel(join(FAMILIES, 'gemma3n-limit'));
  expect(beyond.config.altUp!.coefficientClip).toBe(0);
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

  test('have a fused tensor of another shape', async () => {
    const folder = copyOf('phi3');
    await rewrite(folder, (tensors) => {
      const name = 'model.layers.0.self_attn.qkv_proj.weight';
      const { shape, data } = tensors.get(name)!;
      tensors.set(name, { shape: [shape[1]!, shape[0]!], data });
    });
    await expect(readHuggingFaceModel(folder)).rejects.toThrow(/qkv_proj\.weight has another shape[^]*\[64, 32\]/);
  });

  test('are of another family', async () => {
    const folder = copyOf('qwen3');
    writeFileSync(join(folder, 'config.json'), readFileSync(join(FAMILIES, 'gemma3', 'config.json')));
    await expect(readHuggingFaceModel(folder)).rejects.toThrow(UserError);
  });
});
