/** @file Hugging Face's config.json of each architecture that can be imported, in this project's terms. */
import { chooseOptions, configOf, families, type ChosenOptions, type DecoderConfig } from '@arrowsmith/model';
import { checkImported } from './check-imported.ts';
import { wrong, type ConfigFields } from './config-fields.ts';
import type { ArchitectureName } from './config-table.ts';
import {
  attentionPattern,
  checkLayerSwitch,
  everyNth,
  everyNthOnly,
  patternOf,
  positionPattern,
  qwenExperts,
  sizesOfLayers,
  sparsityOfLayers,
} from './layer-fields.ts';
import {
  activationOf,
  common,
  expertsOf,
  gemmaOptions,
  llamaLike,
  localAndGlobalOptions,
  ropeOptions,
  windowInUse,
  windowOf,
  windowOfAll,
  withoutBias,
} from './option-fields.ts';
import { refuseOtherScaling, singleRope } from './rope-fields.ts';

type FamilyName = keyof typeof families;

/** How an architecture is read: to the options that differ from its family's, and what no option says. */
interface Architecture {
  family: FamilyName;
  options(fields: ConfigFields): ChosenOptions;
  /** What cannot be said of all layers at once. */
  finish?(config: DecoderConfig, fields: ConfigFields): DecoderConfig;
}

export const architectures: ReadonlyMap<string, Architecture> = new Map<ArchitectureName, Architecture>([
  [
    'LlamaForCausalLM',
    {
      family: 'llama3',
      options: (fields) => ({
        ...llamaLike(fields),
        intermediateSize: fields.number('intermediate_size'),
        ffnBias: fields.flag('mlp_bias'),
      }),
    },
  ],

  [
    'MistralForCausalLM',
    {
      family: 'mistral',
      options(fields) {
        if (fields.flag('attention_bias')) throw withoutBias(fields);
        return { ...llamaLike(fields), ...windowOfAll(fields), intermediateSize: fields.number('intermediate_size') };
      },
    },
  ],

  [
    'Qwen2ForCausalLM',
    {
      family: 'qwen2',
      options: (fields) => ({
        ...llamaLike(fields),
        ...windowInUse(fields, (layer) => layer >= fields.number('max_window_layers')),
        attentionBias: 'qkv', // whatever attention_bias says
        intermediateSize: fields.number('intermediate_size'),
      }),
    },
  ],

  [
    'Qwen3ForCausalLM',
    {
      family: 'qwen3',
      options: (fields) => ({
        ...llamaLike(fields),
        ...windowInUse(fields, (layer) => layer >= fields.number('max_window_layers')),
        intermediateSize: fields.number('intermediate_size'),
      }),
    },
  ],

  [
    'Qwen3MoeForCausalLM',
    {
      family: 'qwen3-moe',
      options: (fields) => ({
        ...llamaLike(fields),
        ...windowOfAll(fields, fields.flag('use_sliding_window')),
        intermediateSize: fields.number('intermediate_size'),
        moe: {
          pattern: qwenExperts(fields),
          experts: expertsOf(fields),
          topK: fields.number('num_experts_per_tok'),
          intermediateSize: fields.number('moe_intermediate_size'),
          normalizeTopK: fields.flag('norm_topk_prob'),
          loadBalancing: fields.number('router_aux_loss_coef'),
        },
      }),
    },
  ],

  [
    'SmolLM3ForCausalLM',
    {
      family: 'smollm3',
      options(fields) {
        const positions = positionPattern(fields, () => true);
        return {
          ...llamaLike(fields),
          ...windowInUse(fields, (layer) => positions[layer] === 'N'),
          positionPattern: positions,
          intermediateSize: fields.number('intermediate_size'),
          ffnBias: fields.flag('mlp_bias'),
        };
      },
    },
  ],

  [
    'Phi3ForCausalLM',
    {
      family: 'llama3',
      options(fields) {
        if (fields.flag('attention_bias')) throw withoutBias(fields);
        refuseOtherScaling(fields, singleRope(fields), []);
        return { ...llamaLike(fields), ...windowOfAll(fields), intermediateSize: fields.number('intermediate_size') };
      },
    },
  ],

  [
    'Cohere2ForCausalLM',
    {
      family: 'command-a',
      options(fields) {
        const pattern = attentionPattern(fields, everyNth(fields.numberOrNone('sliding_window_pattern') ?? 4));
        checkLayerSwitch(fields, pattern);
        return {
          ...common(fields),
          ...ropeOptions(singleRope(fields)),
          ...windowOf(fields),
          activation: activationOf(fields, 'hidden_act'),
          normEpsilon: fields.number('layer_norm_eps'),
          intermediateSize: fields.number('intermediate_size'),
          attentionPattern: pattern,
          positionPattern: pattern.replaceAll('S', 'R').replaceAll('G', 'N'),
          logitScale: fields.number('logit_scale'),
        };
      },
    },
  ],

  [
    'Gemma2ForCausalLM',
    {
      family: 'gemma2',
      options: (fields) => ({
        ...gemmaOptions(fields),
        ...ropeOptions(singleRope(fields)),
        intermediateSize: fields.number('intermediate_size'),
        attentionScale: fields.number('query_pre_attn_scalar') ** -0.5,
        attentionSoftCap: fields.numberOrNone('attn_logit_softcapping') ?? 0,
        attentionPattern: attentionPattern(fields, everyNthOnly(fields, 2)),
      }),
    },
  ],

  [
    'Gemma3ForCausalLM',
    {
      family: 'gemma3',
      options: (fields) => ({
        ...gemmaOptions(fields),
        ...localAndGlobalOptions(fields),
        intermediateSize: fields.number('intermediate_size'),
        attentionScale: fields.number('query_pre_attn_scalar') ** -0.5,
        attentionPattern: attentionPattern(fields, everyNth(fields.numberOrNone('sliding_window_pattern') ?? 6)),
      }),
    },
  ],

  [
    'Gemma3nForCausalLM',
    {
      family: 'gemma3n',
      options(fields) {
        const layers = fields.number('num_hidden_layers');
        return {
          ...gemmaOptions(fields),
          ...localAndGlobalOptions(fields),
          intermediateSize: Math.max(...sizesOfLayers(fields)), // each layer's own is below
          attentionPattern: attentionPattern(fields, everyNthOnly(fields, 5)),
          perLayerEmbeddingSize: fields.number('hidden_size_per_layer_input'),
          altUp: {
            inputs: fields.number('altup_num_inputs'),
            active: fields.number('altup_active_idx'),
            coefficientClip: fields.numberOrNone('altup_coef_clip') ?? 0,
            correctScale: fields.flag('altup_correct_scale'),
          },
          laurelRank: fields.number('laurel_rank'),
          activationSparsity: sparsityOfLayers(fields, layers),
          sharedKvLayers: fields.number('num_kv_shared_layers'),
          matformer: { granularities: 1 },
        };
      },
      finish(config, fields) {
        const sizes = sizesOfLayers(fields);
        return {
          ...withLayers(config, ({ attention, ffn }, layer) => ({
            attention,
            ffn: { ...ffn, intermediateSize: sizes[layer]! },
          })),
          perLayerEmbedding: {
            ...config.perLayerEmbedding!,
            vocabularySize: fields.number('vocab_size_per_layer_input'),
          },
        };
      },
    },
  ],

  [
    'Llama4ForCausalLM',
    {
      family: 'llama4',
      options(fields) {
        const layers = fields.number('num_hidden_layers');
        const positions = positionPattern(fields, (list) => list.length > 0);
        const step = fields.number('interleave_moe_layer_step');
        const stated = fields.numbers('moe_layers');
        const withExperts = stated === undefined ? undefined : new Set(stated);
        const chunk = fields.numberOrNone('attention_chunk_size');
        const pattern = attentionPattern(fields, (layer) => (positions[layer] === 'R' && chunk ? 'C' : 'G'));
        if (chunk === undefined && pattern.includes('C')) {
          throw wrong(fields.where, 'layer_types', 'no chunked_attention without attention_chunk_size', 'none');
        }
        const rope = singleRope(fields);
        refuseOtherScaling(fields, rope, ['llama3']);
        return {
          ...common(fields),
          ...ropeOptions(rope),
          activation: activationOf(fields, 'hidden_act'),
          normEpsilon: fields.number('rms_norm_eps'),
          intermediateSize: fields.number('intermediate_size_mlp'),
          attentionPattern: pattern,
          chunk: chunk === undefined ? undefined : Math.min(chunk, fields.number('max_position_embeddings')),
          positionPattern: positions,
          qkNorm: fields.flag('use_qk_norm') ? 'l2' : 'none',
          temperatureTuning: { floorScale: fields.number('floor_scale'), scale: fields.number('attn_scale') },
          moe: {
            pattern: patternOf(layers, (layer) =>
              (withExperts === undefined ? (layer + 1) % step === 0 : withExperts.has(layer)) ? 'E' : 'D',
            ),
            experts: fields.number('num_local_experts'),
            topK: fields.number('num_experts_per_tok'),
            intermediateSize: fields.number('intermediate_size'),
            sharedIntermediateSize: fields.number('intermediate_size'),
            loadBalancing: fields.number('router_aux_loss_coef'),
          },
        };
      },
      // The family tunes temperatures; a file may say that its model does not.
      finish: (config, fields) =>
        fields.flag('attn_temperature_tuning')
          ? config
          : withLayers(config, (layer) => ({
              ...layer,
              attention: { ...layer.attention, temperatureTuning: null },
            })),
    },
  ],
]);

function withLayers(
  config: DecoderConfig,
  change: (layer: DecoderConfig['layers'][number], index: number) => DecoderConfig['layers'][number],
): DecoderConfig {
  return { ...config, layers: config.layers.map(change) };
}

/**
 * The configuration that the fields of an architecture say.
 *
 * @throws UserError naming what is wrong or not supported
 */
export function configOfFields(architecture: Architecture, fields: ConfigFields): DecoderConfig {
  const { family, options, finish } = architecture;
  const data = {
    vocabularySize: fields.number('vocab_size'),
    contextLength: fields.number('max_position_embeddings'),
  };
  const chosen = chooseOptions(families[family], options(fields));
  checkImported(chosen, fields);
  const config = configOf(family, chosen, data);
  const finished = finish?.(config, fields) ?? config;
  fields.refuseUnread();
  return finished;
}
