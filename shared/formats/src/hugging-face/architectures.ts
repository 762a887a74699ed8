/** @file Hugging Face's config.json of each architecture that can be imported, in this project's terms. */
import { chooseOptions, configOf, families, type ChosenOptions, type DecoderConfig } from '@arrowsmith/model';
import { ropeOf, unsupported, wrong, type ConfigFields } from './config-fields.ts';

type FamilyName = keyof typeof families;

/** How an architecture is read: to the options that differ from its family's, and what no option says. */
interface Architecture {
  family: FamilyName;
  options(fields: ConfigFields): ChosenOptions;
  /** What cannot be said of all layers at once. */
  finish?(config: DecoderConfig, fields: ConfigFields): DecoderConfig;
}

const LETTERS: Record<string, string> = { full_attention: 'G', sliding_attention: 'S', chunked_attention: 'C' };

/** A letter for each layer, from `layer_types`, or from the rule by which old files are read. */
function attentionPattern(fields: ConfigFields, layers: number, rule: (layer: number) => string): string {
  const types = fields.texts('layer_types');
  if (types === undefined) return Array.from({ length: layers }, (_, layer) => rule(layer)).join('');
  const letters = types.map((type) => LETTERS[type]);
  const unknown = letters.indexOf(undefined);
  if (unknown !== -1) throw unsupported(fields.where, 'layer_types', types[unknown], 'a kind of attention');
  if (letters.length !== layers) throw wrong(fields.where, 'layer_types', `${layers} of them`, `${letters.length}`);
  return letters.join('');
}

/** Global every so many layers, sliding otherwise. */
const everyNth = (fields: ConfigFields, period: number) => {
  const n = fields.number('sliding_window_pattern', period);
  return (layer: number) => ((layer + 1) % n === 0 ? 'G' : 'S');
};

/** What all architectures call the same. */
function common(fields: ConfigFields, defaults: { headDim?: number; tied: boolean; epsilon: number; theta: number }) {
  const heads = fields.number('num_attention_heads');
  const activation = fields.text('hidden_activation', fields.text('hidden_act', 'silu'));
  const known: Record<string, 'silu' | 'gelu-tanh'> = { silu: 'silu', gelu_pytorch_tanh: 'gelu-tanh' };
  if (known[activation] === undefined) throw unsupported(fields.where, 'hidden_act', activation, 'an activation');
  const headDim = fields.number('head_dim', defaults.headDim ?? fields.number('hidden_size') / heads);
  return {
    hiddenSize: fields.number('hidden_size'),
    layers: fields.number('num_hidden_layers'),
    heads,
    kvHeads: fields.number('num_key_value_heads', heads),
    headDim,
    activation: known[activation],
    normEpsilon: fields.number('rms_norm_eps', defaults.epsilon),
    tieWordEmbeddings: fields.boolean('tie_word_embeddings', defaults.tied),
    attentionBias: fields.boolean('attention_bias', false),
  };
}

/** The rotary options of a model with one base. */
function singleRope(fields: ConfigFields, defaultTheta: number): ChosenOptions {
  const { theta, scaling } = ropeOf(ropeFields(fields), { ...ropeContext(fields), defaultTheta });
  return { ropeTheta: theta, ropeScaling: scaling };
}

/** Old files have `rope_theta` and `rope_scaling` beside each other; what is inside wins. */
function ropeFields(fields: ConfigFields): Record<string, unknown> {
  const theta = fields.optionalNumber('rope_theta');
  const inside = { ...fields.object('rope_parameters'), ...fields.object('rope_scaling') };
  const partial = fields.optionalNumber('partial_rotary_factor');
  return {
    ...(theta === undefined ? {} : { rope_theta: theta }),
    ...(partial === undefined ? {} : { partial_rotary_factor: partial }),
    ...inside,
  };
}

const ropeContext = (fields: ConfigFields) => ({
  where: fields.where,
  contextLength: fields.number('max_position_embeddings'),
});

/** The rotary options of a model whose sliding layers have a base of their own. */
function localAndGlobalRope(fields: ConfigFields): ChosenOptions {
  const { full_attention, sliding_attention, ...old } = ropeFields(fields) as Record<string, never>;
  const context = ropeContext(fields);
  const ofSliding = sliding_attention ?? { rope_theta: fields.number('rope_local_base_freq', 1e4) };
  const local = ropeOf(ofSliding, { ...context, defaultTheta: 1e4 });
  const global = ropeOf({ ...old, ...(full_attention as object | undefined) }, { ...context, defaultTheta: 1e6 });
  if (local.scaling !== undefined) {
    throw unsupported(
      fields.where,
      'rope_parameters.sliding_attention',
      ofSliding,
      'scaled positions in sliding layers',
    );
  }
  return { ropeTheta: global.theta, ropeScaling: global.scaling, localRopeTheta: local.theta };
}

function refuse(fields: ConfigFields, name: string): void {
  if (fields.boolean(name, false)) throw unsupported(fields.where, name, true, 'an unsupported option');
}

/** A window that no layer has is none, and one beyond the context is the context. */
function windowOf(fields: ConfigFields, otherwise: number): { window: number } {
  const window = fields.number('sliding_window', otherwise);
  return { window: Math.min(window, fields.number('max_position_embeddings')) };
}

function gemmaOptions(fields: ConfigFields): ChosenOptions {
  refuse(fields, 'use_bidirectional_attention');
  return {
    ...common(fields, { headDim: 256, tied: true, epsilon: 1e-6, theta: 1e4 }),
    ...windowOf(fields, 4096),
    logitSoftCap: fields.number('final_logit_softcapping', 0),
  };
}

/** Which layers of Qwen's mixtures are dense. */
function qwenExperts(fields: ConfigFields): string {
  const step = fields.number('decoder_sparse_step', 1);
  const dense = fields.numbers('mlp_only_layers') ?? [];
  const isDense = (layer: number) => dense.includes(layer) || (layer + 1) % step !== 0;
  const layers = fields.number('num_hidden_layers');
  return Array.from({ length: layers }, (_, layer) => (isDense(layer) ? 'D' : 'E')).join('');
}

function qwenWindow(fields: ConfigFields, isSliding: (layer: number) => boolean): ChosenOptions {
  const uses = fields.boolean('use_sliding_window', false);
  const { window } = windowOf(fields, 4096);
  const layers = fields.number('num_hidden_layers');
  return {
    attentionPattern: attentionPattern(fields, layers, (layer) => (uses && isSliding(layer) ? 'S' : 'G')),
    window,
  };
}

export const architectures: Readonly<Record<string, Architecture>> = {
  LlamaForCausalLM: {
    family: 'llama3',
    options: (fields) => ({
      ...common(fields, { tied: false, epsilon: 1e-6, theta: 1e4 }),
      ...singleRope(fields, 1e4),
      intermediateSize: fields.number('intermediate_size'),
      ffnBias: fields.boolean('mlp_bias', false),
    }),
  },

  Llama4ForCausalLM: {
    family: 'llama4',
    options(fields) {
      const { layers, ...sizes } = common(fields, { headDim: 128, tied: false, epsilon: 1e-5, theta: 5e5 });
      const all = Array.from({ length: layers }, (_, layer) => layer);
      const interval = fields.number('no_rope_layer_interval', 4);
      const given = fields.numbers('no_rope_layers') ?? [];
      const hasRope = given.length > 0 ? given : all.map((layer) => ((layer + 1) % interval === 0 ? 0 : 1)); // 1 has positions
      const step = fields.number('interleave_moe_layer_step', 1);
      const withExperts = fields.numbers('moe_layers') ?? all.filter((layer) => (layer + 1) % step === 0);
      const chunk = fields.optionalNumber('attention_chunk_size');
      const tunes = fields.boolean('attn_temperature_tuning', true);
      const [floorScale, scale] = [fields.number('floor_scale', 8192), fields.number('attn_scale', 0.1)];
      return {
        ...sizes,
        layers,
        ...singleRope(fields, 5e5),
        intermediateSize: fields.number('intermediate_size_mlp'),
        attentionPattern: attentionPattern(fields, layers, (layer) => (hasRope[layer] && chunk ? 'C' : 'G')),
        chunk: chunk === undefined ? undefined : Math.min(chunk, fields.number('max_position_embeddings')),
        positionPattern: hasRope.map((has) => (has ? 'R' : 'N')).join(''),
        qkNorm: fields.boolean('use_qk_norm', true) ? 'l2' : 'none',
        temperatureTuning: tunes ? { floorScale, scale } : undefined,
        moe: {
          pattern: all.map((layer) => (withExperts.includes(layer) ? 'E' : 'D')).join(''),
          experts: fields.number('num_local_experts', 16),
          topK: fields.number('num_experts_per_tok', 1),
          intermediateSize: fields.number('intermediate_size'),
          sharedIntermediateSize: fields.number('intermediate_size'),
          loadBalancing: fields.number('router_aux_loss_coef', 0.001),
        },
      };
    },
    // The family tunes temperatures; a file may say that its model does not.
    finish: (config, fields) =>
      fields.boolean('attn_temperature_tuning', true)
        ? config
        : withLayers(config, (layer) => ({
            ...layer,
            attention: { ...layer.attention, temperatureTuning: null },
          })),
  },

  Qwen3ForCausalLM: {
    family: 'qwen3',
    options: (fields) => ({
      ...common(fields, { headDim: 128, tied: false, epsilon: 1e-6, theta: 1e4 }),
      ...singleRope(fields, 1e4),
      ...qwenWindow(fields, (layer) => layer >= fields.number('max_window_layers', 28)),
      intermediateSize: fields.number('intermediate_size'),
    }),
  },

  Qwen3MoeForCausalLM: {
    family: 'qwen3-moe',
    options: (fields) => ({
      ...common(fields, { tied: false, epsilon: 1e-6, theta: 1e4 }),
      ...singleRope(fields, 1e4),
      ...qwenWindow(fields, () => true),
      intermediateSize: fields.number('intermediate_size'),
      moe: {
        pattern: qwenExperts(fields),
        experts: fields.number('num_experts', fields.number('num_local_experts', 128)),
        topK: fields.number('num_experts_per_tok', 8),
        intermediateSize: fields.number('moe_intermediate_size', 768),
        normalizeTopK: fields.boolean('norm_topk_prob', false),
        loadBalancing: fields.number('router_aux_loss_coef', 0.001),
      },
    }),
  },

  Cohere2ForCausalLM: {
    family: 'command-a',
    options(fields) {
      const sizes = common(fields, { tied: true, epsilon: 1e-5, theta: 1e4 });
      const pattern = attentionPattern(fields, sizes.layers, everyNth(fields, 4));
      refuse(fields, 'use_qk_norm');
      return {
        ...sizes,
        ...singleRope(fields, 1e4),
        ...windowOf(fields, 4096),
        normEpsilon: fields.number('layer_norm_eps', 1e-5),
        intermediateSize: fields.number('intermediate_size'),
        attentionPattern: pattern,
        positionPattern: pattern.replaceAll('S', 'R').replaceAll('G', 'N'),
        logitScale: fields.number('logit_scale', 0.0625),
      };
    },
  },

  Gemma2ForCausalLM: {
    family: 'gemma2',
    options: (fields) => ({
      ...gemmaOptions(fields),
      ...singleRope(fields, 1e4),
      logitSoftCap: fields.number('final_logit_softcapping', 30),
      intermediateSize: fields.number('intermediate_size'),
      attentionScale: fields.number('query_pre_attn_scalar', 256) ** -0.5,
      attentionSoftCap: fields.number('attn_logit_softcapping', 0),
      attentionPattern: attentionPattern(fields, fields.number('num_hidden_layers'), everyNth(fields, 2)),
    }),
  },

  Gemma3ForCausalLM: {
    family: 'gemma3',
    options: (fields) => ({
      ...gemmaOptions(fields),
      ...localAndGlobalRope(fields),
      intermediateSize: fields.number('intermediate_size'),
      attentionScale: fields.number('query_pre_attn_scalar', 256) ** -0.5,
      attentionPattern: attentionPattern(fields, fields.number('num_hidden_layers'), everyNth(fields, 6)),
    }),
  },

  Gemma3nForCausalLM: {
    family: 'gemma3n',
    options(fields) {
      const layers = fields.number('num_hidden_layers');
      const sparsity = fields.numbers('activation_sparsity_pattern');
      return {
        ...gemmaOptions(fields),
        ...localAndGlobalRope(fields),
        ...windowOf(fields, 512),
        logitSoftCap: fields.number('final_logit_softcapping', 30),
        intermediateSize: Math.max(...fields.numberOfEach('intermediate_size', layers)), // each layer's own is below
        attentionPattern: attentionPattern(fields, layers, everyNth(fields, 5)),
        perLayerEmbeddingSize: fields.number('hidden_size_per_layer_input', 256),
        altUp: {
          inputs: fields.number('altup_num_inputs', 4),
          active: fields.number('altup_active_idx', 0),
          coefficientClip: fields.number('altup_coef_clip', 0),
          correctScale: fields.boolean('altup_correct_scale', true),
        },
        laurelRank: fields.number('laurel_rank', 64),
        activationSparsity: sparsity ?? Array.from({ length: layers > 10 ? 10 : 0 }, () => 0.95),
        sharedKvLayers: fields.number('num_kv_shared_layers', 15),
        matformer: { granularities: 1 },
      };
    },
    finish(config, fields) {
      const sizes = fields.numberOfEach('intermediate_size', config.layers.length);
      const vocabularySize = fields.number('vocab_size_per_layer_input', 262144);
      return {
        ...withLayers(config, ({ attention, ffn }, layer) => ({
          attention,
          ffn: { ...ffn, intermediateSize: sizes[layer]! },
        })),
        perLayerEmbedding: { ...config.perLayerEmbedding!, vocabularySize },
      };
    },
  },
};

function withLayers(
  config: DecoderConfig,
  change: (layer: DecoderConfig['layers'][number], index: number) => DecoderConfig['layers'][number],
): DecoderConfig {
  return { ...config, layers: config.layers.map(change) };
}

/** The configuration that the fields of an architecture say. @throws UserError naming what is wrong or not supported */
export function configOfFields(architecture: Architecture, fields: ConfigFields): DecoderConfig {
  const { family, options, finish } = architecture;
  const data = {
    vocabularySize: fields.number('vocab_size'),
    contextLength: fields.number('max_position_embeddings'),
  };
  const chosen = chooseOptions(families[family], options(fields));
  const config = configOf(family, chosen, data);
  const finished = finish?.(config, fields) ?? config;
  fields.refuseUnread();
  return finished;
}
