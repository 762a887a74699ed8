/**
 * @file Every field of a config.json that an architecture's forward pass depends on: what it may hold, and what transformers takes it for where a
 * file leaves it out. `config-table.test.ts` compares with transformers' own classes, versions 4 and 5 (scripts/parity/config-defaults.py).
 */

/** What a field may hold. */
export type FieldKind =
  /** A whole number of at least 1: the size of something. */
  | 'size'
  /** The number of layers, or of experts, of each of which something is made. */
  | 'layers'
  | 'experts'
  /** A whole number of at least 0. */
  | 'count'
  | 'number'
  | 'positive'
  | 'notNegative'
  | 'flag'
  /** The same, or a number: 0 is false. */
  | 'truth'
  | 'text'
  | 'counts'
  | 'texts'
  /** Shares of a whole, in [0, 1). */
  | 'shares'
  /** A size for all layers, or one for each. */
  | 'sizeOrSizes'
  | 'object';

/** A field of an architecture. */
export interface FieldRule {
  kind: FieldKind;
  /** What a file that does not name it means; null: nothing, or what other fields say. */
  default: number | boolean | string | null;
  /** Whether a file may say null, which then means nothing, no matter what the default is; of a flag, false. */
  nullable: boolean;
}

const field =
  (kind: FieldKind) =>
  (value: FieldRule['default'], nullable = value === null || kind === 'flag'): FieldRule => ({
    kind,
    default: value,
    nullable,
  });

const [size, layers, experts, count] = [field('size'), field('layers'), field('experts'), field('count')];
const [number, positive, notNegative] = [field('number'), field('positive'), field('notNegative')];
const [flag, text, object] = [field('flag'), field('text'), field('object')];
const [counts, texts, shares] = [field('counts'), field('texts'), field('shares')];
const OR_NULL = true;

/** What all architectures have. */
const common = {
  attention_bias: flag(false),
  max_position_embeddings: size(2048),
  num_key_value_heads: size(null),
  partial_rotary_factor: positive(null),
  original_max_position_embeddings: size(null),
  rope_parameters: object(null),
  rope_scaling: object(null),
  rope_theta: positive(10000),
  tie_word_embeddings: flag(false),
};

const llama = {
  ...common,
  vocab_size: size(32000),
  hidden_size: size(4096),
  intermediate_size: size(11008),
  num_hidden_layers: layers(32),
  num_attention_heads: size(32),
  head_dim: size(null),
  hidden_act: text('silu'),
  rms_norm_eps: notNegative(1e-6),
  mlp_bias: flag(false),
};

const mistral = {
  ...common,
  vocab_size: size(32000),
  hidden_size: size(4096),
  intermediate_size: size(14336),
  num_hidden_layers: layers(32),
  num_attention_heads: size(32),
  num_key_value_heads: size(8, OR_NULL),
  head_dim: size(null),
  hidden_act: text('silu'),
  max_position_embeddings: size(131072),
  rms_norm_eps: notNegative(1e-6),
  sliding_window: size(4096, OR_NULL),
  layer_types: texts(null),
};

const qwen2 = {
  ...common,
  vocab_size: size(151936),
  hidden_size: size(4096),
  intermediate_size: size(22016),
  num_hidden_layers: layers(32),
  num_attention_heads: size(32),
  num_key_value_heads: size(32, OR_NULL),
  head_dim: size(null, false),
  hidden_act: text('silu'),
  max_position_embeddings: size(32768),
  rms_norm_eps: notNegative(1e-6),
  use_sliding_window: flag(false),
  sliding_window: size(4096, OR_NULL),
  max_window_layers: count(28),
  layer_types: texts(null),
};

const gemma = {
  ...common,
  hidden_size: size(2304),
  intermediate_size: size(9216),
  num_hidden_layers: layers(26),
  num_attention_heads: size(8),
  num_key_value_heads: size(4),
  head_dim: size(256),
  hidden_activation: text('gelu_pytorch_tanh'),
  hidden_act: text(null),
  rms_norm_eps: notNegative(1e-6),
  tie_word_embeddings: flag(true),
  sliding_window: size(4096),
  layer_types: texts(null),
  sliding_window_pattern: size(null),
  use_bidirectional_attention: flag(false),
};

/** The fields of each architecture that can be imported. */
export const configTable = {
  LlamaForCausalLM: llama,

  MistralForCausalLM: mistral,

  Qwen2ForCausalLM: qwen2,

  Qwen3ForCausalLM: { ...qwen2, head_dim: size(128) },

  Qwen3MoeForCausalLM: {
    ...common,
    vocab_size: size(151936),
    hidden_size: size(2048),
    intermediate_size: size(6144),
    num_hidden_layers: layers(24),
    num_attention_heads: size(32),
    num_key_value_heads: size(4),
    head_dim: size(null, false),
    hidden_act: text('silu'),
    max_position_embeddings: size(32768),
    rms_norm_eps: notNegative(1e-6),
    use_sliding_window: flag(false),
    sliding_window: size(4096, OR_NULL),
    layer_types: texts(null),
    decoder_sparse_step: size(1),
    mlp_only_layers: counts(null),
    moe_intermediate_size: size(768),
    num_experts: experts(128),
    num_local_experts: experts(null), // the same, by its newer name
    num_experts_per_tok: size(8),
    norm_topk_prob: flag(false),
    router_aux_loss_coef: notNegative(0.001),
  },

  SmolLM3ForCausalLM: {
    ...common,
    vocab_size: size(128256),
    hidden_size: size(2048),
    intermediate_size: size(11008),
    num_hidden_layers: layers(36),
    num_attention_heads: size(16),
    num_key_value_heads: size(4, OR_NULL),
    head_dim: size(null, false),
    hidden_act: text('silu'),
    max_position_embeddings: size(32768),
    rms_norm_eps: notNegative(1e-6),
    rope_theta: positive(2e6),
    use_sliding_window: flag(false),
    sliding_window: size(null),
    no_rope_layers: counts(null),
    no_rope_layer_interval: size(4),
    layer_types: texts(null),
    mlp_bias: flag(false),
    tie_word_embeddings: flag(true),
  },

  Phi3ForCausalLM: {
    ...common,
    vocab_size: size(32064),
    hidden_size: size(3072),
    intermediate_size: size(8192),
    num_hidden_layers: layers(32),
    num_attention_heads: size(32),
    head_dim: size(null, false),
    hidden_act: text('silu'),
    max_position_embeddings: size(4096),
    original_max_position_embeddings: size(4096),
    partial_rotary_factor: positive(1),
    rms_norm_eps: notNegative(1e-5),
    sliding_window: size(null),
    layer_types: texts(null),
  },

  Cohere2ForCausalLM: {
    ...common,
    vocab_size: size(256000),
    hidden_size: size(8192),
    intermediate_size: size(22528),
    num_hidden_layers: layers(40),
    num_attention_heads: size(64),
    head_dim: size(null, false),
    hidden_act: text('silu'),
    max_position_embeddings: size(8192),
    layer_norm_eps: notNegative(1e-5),
    logit_scale: number(0.0625),
    tie_word_embeddings: flag(true),
    sliding_window: size(4096),
    layer_types: texts(null),
    sliding_window_pattern: size(null, false),
  },

  Gemma2ForCausalLM: {
    ...gemma,
    vocab_size: size(256000),
    max_position_embeddings: size(8192),
    query_pre_attn_scalar: positive(256),
    final_logit_softcapping: positive(30, OR_NULL),
    attn_logit_softcapping: positive(50, OR_NULL),
    use_bidirectional_attention: flag(null),
  },

  Gemma3ForCausalLM: {
    ...gemma,
    vocab_size: size(262208),
    max_position_embeddings: size(131072),
    rope_theta: positive(1e6),
    rope_local_base_freq: positive(10000),
    query_pre_attn_scalar: positive(256),
    final_logit_softcapping: positive(null),
    sliding_window_pattern: size(null, false),
  },

  Gemma3nForCausalLM: {
    ...gemma,
    vocab_size: size(262400),
    hidden_size: size(2048),
    intermediate_size: field('sizeOrSizes')(16384),
    num_hidden_layers: layers(35),
    num_key_value_heads: size(2),
    max_position_embeddings: size(32768),
    rope_theta: positive(1e6),
    rope_local_base_freq: positive(10000),
    sliding_window: size(512),
    final_logit_softcapping: positive(30, OR_NULL),
    vocab_size_per_layer_input: size(262144),
    hidden_size_per_layer_input: size(256),
    altup_active_idx: count(0),
    altup_coef_clip: positive(120, OR_NULL),
    altup_correct_scale: flag(true),
    altup_num_inputs: experts(4),
    num_kv_shared_layers: count(15),
    laurel_rank: size(64),
    activation_sparsity_pattern: shares(null),
  },

  Llama4ForCausalLM: {
    ...common,
    vocab_size: size(202048),
    hidden_size: size(5120),
    intermediate_size: size(8192),
    intermediate_size_mlp: size(16384),
    num_hidden_layers: layers(48),
    num_attention_heads: size(40),
    num_key_value_heads: size(8, OR_NULL),
    head_dim: size(128, OR_NULL),
    hidden_act: text('silu'),
    max_position_embeddings: size(131072),
    rms_norm_eps: notNegative(1e-5),
    rope_theta: positive(5e5),
    num_experts_per_tok: size(1),
    num_local_experts: experts(16),
    moe_layers: counts(null),
    interleave_moe_layer_step: size(1),
    use_qk_norm: flag(true),
    no_rope_layers: counts(null),
    no_rope_layer_interval: size(4),
    attention_chunk_size: size(8192, OR_NULL),
    layer_types: texts(null),
    attn_temperature_tuning: field('truth')(true, OR_NULL),
    floor_scale: positive(8192),
    attn_scale: notNegative(0.1),
    router_aux_loss_coef: notNegative(0.001),
  },
} as const satisfies Record<string, Record<string, FieldRule>>;

export type ArchitectureName = keyof typeof configTable;

/** Models of several modalities, whose text model can be imported. */
export const MODELS_WITH_TEXT: ReadonlyMap<string, ArchitectureName> = new Map([
  ['Llama4ForConditionalGeneration', 'Llama4ForCausalLM'],
  ['Gemma3ForConditionalGeneration', 'Gemma3ForCausalLM'],
  ['Gemma3nForConditionalGeneration', 'Gemma3nForCausalLM'],
]);

/** The architecture of each `model_type`, by which transformers chooses its classes. */
export const MODEL_TYPES: ReadonlyMap<string, string> = new Map([
  ['llama', 'LlamaForCausalLM'],
  ['mistral', 'MistralForCausalLM'],
  ['qwen2', 'Qwen2ForCausalLM'],
  ['qwen3', 'Qwen3ForCausalLM'],
  ['qwen3_moe', 'Qwen3MoeForCausalLM'],
  ['smollm3', 'SmolLM3ForCausalLM'],
  ['phi3', 'Phi3ForCausalLM'],
  ['cohere2', 'Cohere2ForCausalLM'],
  ['gemma2', 'Gemma2ForCausalLM'],
  ['gemma3_text', 'Gemma3ForCausalLM'],
  ['gemma3n_text', 'Gemma3nForCausalLM'],
  ['llama4_text', 'Llama4ForCausalLM'],
  ['gemma3', 'Gemma3ForConditionalGeneration'],
  ['gemma3n', 'Gemma3nForConditionalGeneration'],
  ['llama4', 'Llama4ForConditionalGeneration'],
]);
