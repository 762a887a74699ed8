/**
 * @file The values of published config.json files, with all that stands in them beside what a forward pass depends on. A configuration is right where the
 * model has the published number of parameters, and what is particular of its layers.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { countParameters, type DecoderConfig } from '@arrowsmith/model';
import { expect, test } from 'vitest';
import { readHuggingFaceConfig } from './read-model.ts';

type Json = Record<string, unknown>;

function read(json: Json): Promise<DecoderConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'published-'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json));
  return readHuggingFaceConfig(folder);
}

/** What transformers writes into most files. */
const USUAL = { attention_dropout: 0.0, initializer_range: 0.02, torch_dtype: 'bfloat16', use_cache: true };

const layerTypes = (count: number, period: number) =>
  Array.from({ length: count }, (_, layer) => ((layer + 1) % period === 0 ? 'full_attention' : 'sliding_attention'));

const smolLm2: Json = {
  ...USUAL,
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 576,
  initializer_range: 0.041666666666666664,
  intermediate_size: 1536,
  is_llama_config: true,
  max_position_embeddings: 8192,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  pad_token_id: 2,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_interleaved: false,
  rope_scaling: null,
  rope_theta: 100000,
  tie_word_embeddings: true,
  'transformers.js_config': { kv_cache_dtype: { q4f16: 'float16', fp16: 'float16' } },
  transformers_version: '4.42.3',
  vocab_size: 49152,
};

const commandR7B: Json = {
  ...USUAL,
  architectures: ['Cohere2ForCausalLM'],
  attention_bias: false,
  bos_token_id: 5,
  cache_implementation: 'hybrid',
  eos_token_id: 255001,
  head_dim: 128,
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14336,
  layer_norm_eps: 1e-5,
  layer_switch: 4,
  logit_scale: 0.25,
  max_position_embeddings: 132096,
  model_type: 'cohere2',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  order_of_interleaved_layers: 'local_attn_first',
  pad_token_id: 0,
  position_embedding_type: 'rope_gptj',
  rope_scaling: null,
  rope_theta: 50000,
  rotary_pct: 1.0,
  sliding_window: 4096,
  sliding_window_pattern: 4,
  transformers_version: '4.48.0.dev0',
  use_embedding_sharing: true,
  use_gated_activation: true,
  use_parallel_block: true,
  use_parallel_embedding: true,
  vocab_size: 256000,
};

const gemma3Vision = {
  hidden_size: 1152,
  image_size: 896,
  intermediate_size: 4304,
  model_type: 'siglip_vision_model',
  num_attention_heads: 16,
  num_hidden_layers: 27,
  patch_size: 14,
  vision_use_head: false,
};

const gemma3: Json = {
  architectures: ['Gemma3ForConditionalGeneration'],
  boi_token_index: 255999,
  eoi_token_index: 256000,
  eos_token_id: [1, 106],
  image_token_index: 262144,
  initializer_range: 0.02,
  mm_tokens_per_image: 256,
  model_type: 'gemma3',
  torch_dtype: 'bfloat16',
  transformers_version: '4.50.0.dev0',
  vision_config: gemma3Vision,
};

const gemma3nText: Json = {
  ...USUAL,
  activation_sparsity_pattern: [...Array.from({ length: 10 }, () => 0.95), ...Array.from({ length: 20 }, () => 0)],
  altup_active_idx: 0,
  altup_coef_clip: 120.0,
  altup_correct_scale: true,
  altup_lr_multiplier: 1.0,
  altup_num_inputs: 4,
  attention_bias: false,
  final_logit_softcapping: 30.0,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  hidden_size: 2048,
  hidden_size_per_layer_input: 256,
  intermediate_size: Array.from({ length: 30 }, () => 8192),
  laurel_rank: 64,
  layer_types: layerTypes(30, 5),
  max_position_embeddings: 32768,
  model_type: 'gemma3n_text',
  num_attention_heads: 8,
  num_hidden_layers: 30,
  num_key_value_heads: 2,
  num_kv_shared_layers: 10,
  query_pre_attn_scalar: 256,
  rms_norm_eps: 1e-6,
  rope_local_base_freq: 10000.0,
  rope_scaling: null,
  rope_theta: 1000000.0,
  sliding_window: 512,
  vocab_size: 262400,
  vocab_size_per_layer_input: 262144,
};

const llama4Text: Json = {
  ...USUAL,
  _attn_implementation_autoset: true,
  attention_bias: false,
  attention_chunk_size: 8192,
  attn_scale: 0.1,
  attn_temperature_tuning: 4,
  bos_token_id: 200000,
  eos_token_id: [200001, 200007, 200008],
  floor_scale: 8192,
  for_llm_compressor: false,
  head_dim: 128,
  hidden_act: 'silu',
  hidden_size: 5120,
  interleave_moe_layer_step: 1,
  intermediate_size: 8192,
  intermediate_size_mlp: 16384,
  max_position_embeddings: 10485760,
  model_type: 'llama4_text',
  no_rope_layers: [],
  num_attention_heads: 40,
  num_experts_per_tok: 1,
  num_hidden_layers: 48,
  num_key_value_heads: 8,
  num_local_experts: 16,
  output_router_logits: false,
  pad_token_id: 200018,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 16.0,
    high_freq_factor: 1.0,
    low_freq_factor: 1.0,
    original_max_position_embeddings: 8192,
    rope_type: 'llama3',
  },
  rope_theta: 500000.0,
  router_aux_loss_coef: 0.001,
  router_jitter_noise: 0.0,
  use_qk_norm: true,
  vocab_size: 202048,
};

const llama4: Json = {
  architectures: ['Llama4ForConditionalGeneration'],
  boi_token_index: 200080,
  eoi_token_index: 200081,
  image_token_index: 200092,
  model_type: 'llama4',
  text_config: llama4Text,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  transformers_version: '4.51.0.dev0',
  vision_config: { _attn_implementation_autoset: true, model_type: 'llama4_vision_model' },
};

const smolLm3: Json = {
  ...USUAL,
  architectures: ['SmolLM3ForCausalLM'],
  attention_bias: false,
  bos_token_id: null,
  eos_token_id: 128012,
  hidden_act: 'silu',
  hidden_size: 2048,
  intermediate_size: 11008,
  layer_types: Array.from({ length: 36 }, () => 'full_attention'),
  max_position_embeddings: 65536,
  max_window_layers: 28,
  mlp_bias: false,
  model_type: 'smollm3',
  no_rope_layer_interval: 4,
  no_rope_layers: Array.from({ length: 36 }, (_, layer) => ((layer + 1) % 4 === 0 ? 0 : 1)),
  num_attention_heads: 16,
  num_hidden_layers: 36,
  num_key_value_heads: 4,
  pad_token_id: 128004,
  pretraining_tp: 2,
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 5000000.0,
  sliding_window: null,
  transformers_version: '4.54.0.dev0',
  use_sliding_window: false,
  vocab_size: 128256,
};

const qwen25: Json = {
  ...USUAL,
  architectures: ['Qwen2ForCausalLM'],
  bos_token_id: 151643,
  eos_token_id: 151643,
  hidden_act: 'silu',
  hidden_size: 896,
  intermediate_size: 4864,
  max_position_embeddings: 32768,
  max_window_layers: 24,
  model_type: 'qwen2',
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  transformers_version: '4.40.1',
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 151936,
};

const phi3: Json = {
  ...USUAL,
  _name_or_path: 'Phi-3-mini-4k-instruct',
  architectures: ['Phi3ForCausalLM'],
  attention_bias: false,
  auto_map: { AutoConfig: 'configuration_phi3.Phi3Config', AutoModelForCausalLM: 'modeling_phi3.Phi3ForCausalLM' },
  bos_token_id: 1,
  embd_pdrop: 0.0,
  eos_token_id: 32000,
  hidden_act: 'silu',
  hidden_size: 3072,
  intermediate_size: 8192,
  max_position_embeddings: 4096,
  model_type: 'phi3',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 32,
  original_max_position_embeddings: 4096,
  pad_token_id: 32000,
  resid_pdrop: 0.0,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 10000.0,
  sliding_window: 2047,
  tie_word_embeddings: false,
  transformers_version: '4.40.2',
  vocab_size: 32064,
};

const mistral: Json = {
  architectures: ['MistralForCausalLM'],
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 4096,
  initializer_range: 0.02,
  intermediate_size: 14336,
  max_position_embeddings: 32768,
  model_type: 'mistral',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 10000.0,
  sliding_window: 4096,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  transformers_version: '4.34.0.dev0',
  use_cache: true,
  vocab_size: 32000,
};

const qwen3Moe: Json = {
  ...USUAL,
  architectures: ['Qwen3MoeForCausalLM'],
  attention_bias: false,
  bos_token_id: 151643,
  decoder_sparse_step: 1,
  eos_token_id: 151645,
  head_dim: 128,
  hidden_act: 'silu',
  hidden_size: 2048,
  intermediate_size: 6144,
  max_position_embeddings: 40960,
  max_window_layers: 48,
  mlp_only_layers: [],
  model_type: 'qwen3_moe',
  moe_intermediate_size: 768,
  norm_topk_prob: true,
  num_attention_heads: 32,
  num_experts: 128,
  num_experts_per_tok: 8,
  num_hidden_layers: 48,
  num_key_value_heads: 4,
  output_router_logits: false,
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 1000000.0,
  router_aux_loss_coef: 0.001,
  sliding_window: null,
  tie_word_embeddings: false,
  transformers_version: '4.51.0',
  use_sliding_window: false,
  vocab_size: 151936,
};

const gemma2: Json = {
  ...USUAL,
  architectures: ['Gemma2ForCausalLM'],
  attention_bias: false,
  attn_logit_softcapping: 50.0,
  bos_token_id: 2,
  cache_implementation: 'hybrid',
  eos_token_id: 1,
  final_logit_softcapping: 30.0,
  head_dim: 256,
  hidden_act: 'gelu_pytorch_tanh',
  hidden_activation: 'gelu_pytorch_tanh',
  hidden_size: 2304,
  intermediate_size: 9216,
  max_position_embeddings: 8192,
  model_type: 'gemma2',
  num_attention_heads: 8,
  num_hidden_layers: 26,
  num_key_value_heads: 4,
  pad_token_id: 0,
  query_pre_attn_scalar: 256,
  rms_norm_eps: 1e-6,
  rope_theta: 10000.0,
  sliding_window: 4096,
  transformers_version: '4.42.4',
  vocab_size: 256000,
};

const PUBLISHED: Record<string, { json: Json; parameters: number; layers: string }> = {
  'SmolLM2 135M': { json: smolLm2, parameters: 134_515_008, layers: 'R' },
  'SmolLM2 360M': {
    json: {
      ...smolLm2,
      hidden_size: 960,
      intermediate_size: 2560,
      num_attention_heads: 15,
      num_hidden_layers: 32,
      num_key_value_heads: 5,
    },
    parameters: 361_821_120,
    layers: 'R',
  },
  'SmolLM3 3B': { json: smolLm3, parameters: 3_075_098_624, layers: 'RRRN' },
  'Qwen2.5 0.5B': { json: qwen25, parameters: 494_032_768, layers: 'R' },
  'Qwen3 30B-A3B': { json: qwen3Moe, parameters: 30_532_122_624, layers: 'R' },
  'Mistral 7B v0.1': { json: mistral, parameters: 7_241_732_096, layers: 'r' },
  'Phi-3 mini 4k': { json: phi3, parameters: 3_821_079_552, layers: 'r' },
  'Command R7B': { json: commandR7B, parameters: 8_028_033_024, layers: 'rrrN' },
  'Command A': {
    json: {
      ...commandR7B,
      hidden_size: 12288,
      intermediate_size: 36864,
      max_position_embeddings: 131072,
      num_attention_heads: 96,
      num_hidden_layers: 64,
    },
    parameters: 111_057_580_032,
    layers: 'rrrN',
  },
  'Tiny Aya': {
    json: {
      ...commandR7B,
      bos_token_id: 2,
      eos_token_id: 3,
      hidden_size: 2048,
      intermediate_size: 11008,
      layer_types: layerTypes(36, 4),
      logit_scale: 1.0,
      num_attention_heads: 16,
      num_hidden_layers: 36,
      num_key_value_heads: 4,
      sliding_window_pattern: undefined,
      use_qk_norm: false,
      vocab_size: 262144,
    },
    parameters: 3_349_227_520,
    layers: 'rrrN',
  },
  'Gemma 2 2B': { json: gemma2, parameters: 2_614_341_888, layers: 'rR' },
  'Gemma 3 4B': {
    json: {
      ...gemma3,
      text_config: {
        hidden_size: 2560,
        intermediate_size: 10240,
        model_type: 'gemma3_text',
        num_hidden_layers: 34,
        rope_scaling: { factor: 8.0, rope_type: 'linear' },
        sliding_window: 1024,
      },
    },
    parameters: 3_880_263_168,
    layers: 'rrrrrR',
  },
  'Gemma 3 12B': {
    json: {
      ...gemma3,
      text_config: {
        hidden_size: 3840,
        intermediate_size: 15360,
        model_type: 'gemma3_text',
        num_attention_heads: 16,
        num_hidden_layers: 48,
        num_key_value_heads: 8,
        rope_scaling: { factor: 8.0, rope_type: 'linear' },
        sliding_window: 1024,
      },
    },
    parameters: 11_766_034_176,
    layers: 'rrrrrR',
  },
  'Gemma 3n E2B': {
    json: {
      architectures: ['Gemma3nForConditionalGeneration'],
      audio_config: { model_type: 'gemma3n_audio' },
      audio_soft_tokens_per_image: 188,
      audio_token_id: 262273,
      boa_token_id: 256000,
      boi_token_id: 255999,
      eoa_token_id: 262272,
      eoi_token_id: 262144,
      eos_token_id: [1, 106],
      image_token_id: 262145,
      initializer_range: 0.02,
      model_type: 'gemma3n',
      text_config: gemma3nText,
      torch_dtype: 'bfloat16',
      vision_config: { model_type: 'gemma3n_vision' },
      vision_soft_tokens_per_image: 256,
    },
    parameters: 4.46e9,
    layers: 'rrrrR',
  },
  'Llama 4 Scout': { json: llama4, parameters: 108e9, layers: 'rrrN' },
};

/** R for a layer that sees everything by positions, r for one that sees a window or a chunk, N for one without positions. */
function letters({ layers }: DecoderConfig): string {
  const letterOf = ({ attention: { rope, window, chunk } }: DecoderConfig['layers'][number]) =>
    rope === null ? 'N' : window + chunk > 0 ? 'r' : 'R';
  return layers.map(letterOf).join('');
}

test.each(Object.entries(PUBLISHED))('%s is read', async (_, { json, parameters, layers }) => {
  const config = await read(json);
  // Exact where the published number is; otherwise it is rounded to three digits.
  const tolerance = parameters % 1e6 === 0 ? 0.01 : 0;
  expect(Math.abs(countParameters(config) / parameters - 1)).toBeLessThanOrEqual(tolerance);
  const count = config.layers.length;
  expect(letters(config)).toBe(layers.repeat(count).slice(0, count));
});

test('of Gemma 3 4B, what its file leaves out is its class’s', async () => {
  const { layers, embeddingScale, tieWordEmbeddings, vocabularySize, contextLength } = await read(
    PUBLISHED['Gemma 3 4B']!.json,
  );
  expect({ embeddingScale, tieWordEmbeddings, vocabularySize, contextLength }).toEqual({
    embeddingScale: Math.sqrt(2560),
    tieWordEmbeddings: true,
    vocabularySize: 262208,
    contextLength: 131072,
  });
  const [sliding, global] = [layers[0]!.attention, layers[5]!.attention];
  expect(sliding).toMatchObject({ heads: 8, kvHeads: 4, headDim: 256, scale: 1 / 16, window: 1024 });
  expect(sliding.rope).toEqual({ theta: 10000, interleaved: false });
  expect(global.rope).toEqual({ theta: 1e6, interleaved: false, scaling: { kind: 'linear', factor: 8 } });
});

test.each<[string, Json, RegExp]>([
  ['SmolLM2 135M', { rope_interleaved: true }, /rope_interleaved contradicts[^]*two halves of a head/],
  ['SmolLM2 135M', { pruned_heads: { 0: [1] } }, /pruned_heads contradicts/],
  ['SmolLM2 135M', { is_causal: false }, /is_causal contradicts/],
  ['SmolLM2 135M', { rope_scaling: { type: 'dynamic', factor: 2 } }, /rope_type[^]*dynamic/],
  ['Command R7B', { order_of_interleaved_layers: 'global_attn_first' }, /order_of_interleaved_layers contradicts/],
  ['Command R7B', { position_embedding_type: 'rope_neox' }, /position_embedding_type contradicts[^]*neighbours/],
  ['Command R7B', { rotary_pct: 0.5 }, /rotary_pct contradicts/],
  ['Command R7B', { use_embedding_sharing: false }, /use_embedding_sharing contradicts/],
  ['Command R7B', { use_parallel_block: false }, /use_parallel_block contradicts/],
  ['Command R7B', { use_gated_activation: false }, /use_gated_activation contradicts/],
  ['Command R7B', { use_qk_norm: true }, /use_qk_norm contradicts/],
  ['Command R7B', { layer_switch: 3 }, /layer_switch contradicts/],
  ['Gemma 2 2B', { hidden_act: 'silu' }, /hidden_act contradicts/],
  ['Gemma 2 2B', { sliding_window_pattern: 3 }, /sliding_window_pattern contradicts/],
  ['Phi-3 mini 4k', { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } }, /longrope/],
  ['Phi-3 mini 4k', { partial_rotary_factor: 0.75 }, /partial_rotary_factor 0\.75/],
  ['Mistral 7B v0.1', { attention_bias: true }, /attention_bias contradicts/],
  ['Mistral 7B v0.1', { layer_types: layerTypes(32, 2) }, /layer_types contradicts/],
  ['Qwen2.5 0.5B', { layer_types: layerTypes(24, 2) }, /layer_types[^]*use_sliding_window false/],
  ['Llama 4 Scout', { tie_word_embeddings: true }, /tie_word_embeddings[^]*false, as in text_config/],
  ['Gemma 3 12B', { text_config: 5 }, /text_config[^]*an object/],
])('what might change the result is refused by name: %s with %j', async (name, change, message) => {
  const reading = read({ ...PUBLISHED[name]!.json, ...change });
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(message);
});
